import type { Layer } from '../../core/types.js';
import type { Learned } from './known.js';
import type { Part } from './values.js';

/** Layers that leave one number a channel. */
const POOLS: ReadonlySet<Layer['kind']> = new Set(['globalAveragePool', 'maxPool', 'flatten', 'adaptiveAveragePool']);

/** Layers between shared ones that work on each place alone. */
const POINTWISE: ReadonlySet<Layer['kind']> = new Set([
  'relu',
  'relu6',
  'silu',
  'gelu',
  'tanh',
  'hardswish',
  'leakyRelu',
]);

/** A layer with weights as one that works on each place alone; undefined where it does not. */
function pointwise(layer: Layer): Layer | undefined {
  if (layer.kind === 'dense') return { ...layer, perToken: true };
  const single = layer.kind === 'conv' && String([layer.size, layer.stride ?? 1, layer.padding ?? 0].flat());
  const alone = single && /^[10,]+$/.test(single) && (layer.groups ?? 1) === 1;
  return alone || POINTWISE.has(layer.kind) ? layer : undefined;
}

const isSame = (a: Learned, b: Learned | undefined): boolean =>
  a.names !== undefined && String(a.names) === String(b?.names) && String(a.shape) === String(b?.shape);

/**
 * The sum of two rows that pool a picture and go through the same weights (CBAM's gate of channels): both pooled
 * pictures side by side as two places, one row over them, and the sum over the places.
 */
export function sharedRow(one: Part, other: Part): Part | undefined {
  const { tensors } = one;
  const [first] = tensors;
  const alike =
    tensors.length === other.tensors.length && tensors.every((tensor, k) => isSame(tensor, other.tensors[k]));
  if (!first || !alike) return undefined;
  const starts = [one, other].map(({ layers }) => layers.findIndex(({ kind }) => kind === 'conv' || kind === 'dense'));
  const [pooled, also] = [one, other].map(({ layers }, k) => layers.slice(0, starts[k])) as [Layer[], Layer[]];
  const [rest, same] = [one, other].map(({ layers }, k) => layers.slice(starts[k])) as [Layer[], Layer[]];
  const row = rest.map(pointwise);
  const pools = [pooled, also].every((list) => list.length > 0 && list.every(({ kind }) => POOLS.has(kind)));
  if (!pools || JSON.stringify(rest) !== JSON.stringify(same) || row.includes(undefined)) return undefined;
  const layers: Layer[] = [
    { kind: 'branches', branches: [pooled, also] },
    { kind: 'reshape', shape: [1, 2, first.shape[1]!] },
    ...(row as Layer[]),
    { kind: 'globalAveragePool' },
    { kind: 'scale', factor: 2 },
  ];
  return { layers, tensors, depth: 1 + Math.max(one.depth, other.depth) };
}

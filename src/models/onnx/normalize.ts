import type { OnnxTensor } from '../../assets/index.js';
import type { LayerNormLayer } from '../../core/layers.js';
import { found, type Matcher, makerIs, sides } from './match-linear.js';

/** (x - mean) / std of the image itself, or (x - mean) times 1 / std. */
export const normalize: Matcher = (node, known) => {
  const divided = sides(node, known);
  const inner = divided && makerIs(divided.data, 'Sub', known);
  const centred = inner && sides(inner, known);
  if (!centred || centred.data !== known.input) return undefined;
  const channels = known.shape(known.input)[1]!;
  const each = ({ data }: OnnxTensor): number[] => Array.from({ length: channels }, (_, c) => data[c % data.length]!);
  const by = each(divided.fixed);
  const std = node.op === 'Div' ? by : by.map((one) => 1 / one);
  return found(known.input, [{ kind: 'normalize', mean: each(centred.fixed), std }]);
};

/** x a - b or x a + b of the image itself: mean b / a or -b / a, deviation 1 / a. */
export const stretched: Matcher = (node, known) => {
  const moved = sides(node, known);
  const times = moved && makerIs(moved.data, 'Mul', known);
  const gain = times && sides(times, known);
  if (!gain || gain.data !== known.input || (node.op === 'Sub' && moved.data !== node.inputs[0])) return undefined;
  const channels = known.shape(known.input)[1]!;
  const [by, shift] = [gain.fixed.data, moved.fixed.data];
  if ([by, shift].some(({ length }) => length !== 1 && length !== channels) || by.some((a) => a === 0))
    return undefined;
  const of = (list: Float32Array, c: number): number => list[c % list.length]!;
  const each = (make: (c: number) => number): number[] => Array.from({ length: channels }, (_, c) => make(c));
  const mean = each((c) => ((node.op === 'Sub' ? 1 : -1) * of(shift, c)) / of(by, c));
  return found(known.input, [{ kind: 'normalize', mean, std: each((c) => 1 / of(by, c)) }]);
};

/** Over the channels of a token, or over a whole picture, as the shape of the gain tells. */
export const layerNormOf = ({ shape }: OnnxTensor, epsilon: number): LayerNormLayer =>
  shape.filter((n) => n > 1).length > 1 ? { kind: 'layerNorm', epsilon, over: 'all' } : { kind: 'layerNorm', epsilon };

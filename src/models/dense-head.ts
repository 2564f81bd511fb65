import type { Layer } from '../core/types.js';

/** Whether a layer between dense ones changes nothing: dense layers flatten by themselves, dropout may be off. */
export const isIdle = (layer: Layer): boolean =>
  layer.kind === 'flatten' || (layer.kind === 'dropout' && ((layer.mask ?? 'off') === 'off' || layer.rate === 0));

/** A dense layer at the end of a network. */
export interface DenseLink {
  /** Its place among the layers. */
  readonly at: number;
  readonly bias: boolean;
  /** The fixed factor between it and the ReLU before it, else 1. */
  readonly factor: number;
}

/**
 * The dense layers that a network ends in, linked by ReLU (and a fixed factor), in their order: dense, relu, (scale,)
 * dense, ... Layers that change nothing do not count. Empty where it ends in something else.
 */
export function denseHead(layers: readonly Layer[]): DenseLink[] {
  const before = (end: number): number => layers.findLastIndex((layer, at) => at < end && !isIdle(layer));
  const links: DenseLink[] = [];
  let at = before(layers.length);
  for (;;) {
    const layer = layers[at];
    if (layer?.kind !== 'dense' || layer.perToken) break;
    const next = before(at);
    const scale = layers[next];
    const factor = scale?.kind === 'scale' ? scale.factor : 1;
    links.unshift({ at, bias: layer.bias ?? false, factor });
    const relu = scale?.kind === 'scale' ? before(next) : next;
    if (layers[relu]?.kind !== 'relu') break;
    at = before(relu);
  }
  return links.map((link, k) => (k > 0 ? link : { ...link, factor: 1 }));
}

import type { Layer, Model } from '../core/types.js';
import { isIdle } from './dense-head.js';

/** What fixed layers at the entrance of a network do to a picture. */
export interface Entrance {
  /** The first layer that does anything else. */
  readonly first: Layer | undefined;
  /** Channel c of the picture x arrives there as gain_c x + shift_c. */
  readonly gain: readonly number[];
  readonly shift: readonly number[];
}

/** Input normalisation and factors other than 0 before the first layer that is none of them. */
export function entranceOf({ layers, imageShape }: Pick<Model, 'layers' | 'imageShape'>): Entrance {
  const channels = imageShape[2];
  let [gain, shift] = [new Array<number>(channels).fill(1), new Array<number>(channels).fill(0)];
  const first = layers.find((layer) => {
    if (layer.kind === 'normalize' && layer.std.length === channels) {
      gain = gain.map((g, c) => g / layer.std[c]!);
      shift = shift.map((s, c) => (s - layer.mean[c]!) / layer.std[c]!);
    } else if (layer.kind === 'scale' && layer.factor !== 0) {
      gain = gain.map((g) => g * layer.factor);
      shift = shift.map((s) => s * layer.factor);
    } else return !isIdle(layer);
    return false;
  });
  return { first, gain, shift };
}

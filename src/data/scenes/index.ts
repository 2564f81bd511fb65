import { integer } from '../../core/options.js';
import { deriveSeed, uniformStream } from '../../core/random.js';
import type { DatasetOptions, PixelSource, Split } from '../types.js';
import { composeScene, SCENE_NAMES } from './compose-scene.js';
import { render } from './render.js';
import { CLASSES } from './scene-classes.js';

/** Rendered pictures are kept up to this many bytes, since training comes back to them. */
const KEPT_BYTES = 2 ** 27;
const SIZES = { train: 50_000, test: 10_000 } as const;

/**
 * The built-in data set: seeded, rendered pictures of ten things a person can name, in varied places, light and
 * colours, with shadows and things in the way. Any `size` from 16 to 256 (default 32): the same scene, rendered finer.
 *
 * Picture `index` of a split is a pure function of (seed, split, index) and has the same bits on every machine. `sizes`
 * are nominal: positions beyond them exist too. Some 300 pictures of 32x32 a second.
 */
export function scenes({ size = 32, seed = 0 }: Pick<DatasetOptions, 'size' | 'seed'> = {}): PixelSource {
  integer('scenes', 'size', size, 16, 256);
  integer('scenes', 'seed', seed, Number.MIN_SAFE_INTEGER);
  const stream = (what: string, split: Split, index: number) => uniformStream(deriveSeed(seed, what, split, index));
  const labelAt = (split: Split, index: number): number => Math.floor(stream('label', split, index)() * CLASSES.length);
  const kept = new Map<string, Uint8Array>();
  const picture = (split: Split, index: number): Uint8Array => {
    const key = `${split} ${index}`;
    const known = kept.get(key);
    if (known) return known;
    const kind = CLASSES[labelAt(split, index)]!;
    const pixels = render(composeScene(kind, stream('picture', split, index), size), size);
    if ((kept.size + 1) * pixels.length <= KEPT_BYTES) kept.set(key, pixels);
    return pixels;
  };
  return {
    name: 'scenes',
    source:
      `roglab's procedural scenes: rendered pictures of 10 things, ${size}x${size}, seed ${seed}; not ` +
      'photographs.',
    classNames: SCENE_NAMES,
    imageShape: [size, size, 3],
    sizes: SIZES,
    endless: true,
    labelAt,
    writeImage: (split, index, out, offset) => {
      const pixels = picture(split, index);
      for (let i = 0; i < pixels.length; i++) out[offset + i] = pixels[i]! / 255;
    },
  };
}

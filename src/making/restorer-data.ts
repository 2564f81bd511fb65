import { ndarray } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { uniformStream } from '../core/random.js';
import type { NdArray } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { restorerLabels } from '../models/restorer.js';
import { fitBlur, spread } from './restorer-blur.js';
import type { Pair } from './restorer-pair-file.js';
import { HELD_OUT, PAIR_SETTINGS } from './restorer-pairs.js';

/** How training samples are drawn. */
const MIX = {
  /** Share of measured pairs; the rest are measured errors on other images. */
  measured: 0.35,
  /** Share of batch 1 with 3 bits beyond its part of the pairs. */
  emphasis: 0.3,
  /** Share of samples that do not tell their label. */
  unlabelled: 0.25,
  /** Range by which a transplanted error is made weaker or stronger. */
  strength: [0.6, 1.25],
} as const;

/** What the restorer trains on. */
export interface RestorerData {
  /** Raw pictures, their images and one-hot labels: `count` samples that the seed decides. */
  readonly batch: (count: number, seed: number) => readonly [raw: NdArray, truth: NdArray, labels: NdArray];
  /** The measured pairs of held-out images. */
  readonly held: readonly Pair[];
  readonly pairs: number;
}

/**
 * Training samples from measured pairs. Each measured pair gives raw = L x + e: L, a mixture of blurs, is fitted to all
 * pairs of one kind of attack by least squares, e is what is left, and L x' + e for any other training image x' is a
 * new sample, with the attack's own speckle, colour cast, blotches and ghosts of other images. Pairs and errors are
 * mirrored at random.
 */
export function restorerData(dataset: Dataset, pairs: readonly Pair[]): RestorerData {
  const seen = dataset.sizes.train - HELD_OUT;
  const learned = pairs.filter(({ image }) => image < seen);
  if (learned.length === 0) throw problem('restorerData', 'needs pairs of training images', pairs.length);
  const truthOf = (image: number): NdArray => dataset.images('train', [image]);
  const rawOf = ({ raw }: Pair): NdArray =>
    ndarray(
      [1, ...dataset.imageShape],
      Float32Array.from(raw, (v) => v / 255),
    );
  const blurs = PAIR_SETTINGS.map((_, setting) => {
    const some = learned.filter((pair) => pair.setting === setting).slice(0, 200);
    return some.length < 4 ? undefined : fitBlur(some.map((pair) => [truthOf(pair.image), rawOf(pair)] as const));
  });
  const favourites = learned.filter(({ setting }) => setting === 0);
  const errors = new Map(
    learned.map((pair) => {
      const blur = blurs[pair.setting];
      const expected = blur && spread(truthOf(pair.image), blur);
      return [pair, expected && rawOf(pair).data.map((value, i) => value - expected[i]!)];
    }),
  );

  const sample = (chance: () => number) => {
    const pool = favourites.length > 0 && chance() < MIX.emphasis ? favourites : learned;
    const pair = pool[Math.floor(chance() * pool.length)]!;
    const error = errors.get(pair);
    const mirror = chance() < 0.5;
    const known = chance() >= MIX.unlabelled;
    if (!error || chance() < MIX.measured)
      return {
        raw: mirrored(rawOf(pair).data, dataset.imageShape, mirror),
        truth: mirrored(truthOf(pair.image).data, dataset.imageShape, mirror),
        label: known ? pair.label : undefined,
      };
    const image = Math.floor(chance() * seen);
    const strength = MIX.strength[0] + (MIX.strength[1] - MIX.strength[0]) * chance();
    const { images, labels } = dataset.batch({ split: 'train', indices: [image] });
    const moved = mirrored(error, dataset.imageShape, mirror);
    return {
      raw: spread(images, blurs[pair.setting]!).map((value, i) => clamp(value + strength * moved[i]!)),
      truth: images.data,
      label: known ? labels[0] : undefined,
    };
  };

  return {
    pairs: learned.length,
    held: pairs.filter(({ image }) => image >= seen),
    batch: (count, seed) => {
      const chance = uniformStream(seed);
      const samples = Array.from({ length: count }, () => sample(chance));
      const shape = [count, ...dataset.imageShape];
      return [
        { shape, data: joined(samples.map(({ raw }) => raw)) },
        { shape, data: joined(samples.map(({ truth }) => truth)) },
        restorerLabels(samples.map(({ label }) => label)),
      ];
    },
  };
}

/** The raw pictures, images and labels of measured pairs, for validation. */
export function heldOut(dataset: Dataset, pairs: readonly Pair[]): { raw: NdArray; truth: NdArray; labels: number[] } {
  const shape = [pairs.length, ...dataset.imageShape];
  return {
    raw: { shape, data: joined(pairs.map(({ raw }) => Float32Array.from(raw, (value) => value / 255))) },
    truth: dataset.images(
      'train',
      pairs.map(({ image }) => image),
    ),
    labels: pairs.map(({ label }) => label),
  };
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));

function joined(parts: readonly Float32Array[]): Float32Array {
  const data = new Float32Array(parts.length * parts[0]!.length);
  parts.forEach((part, i) => {
    data.set(part, i * part.length);
  });
  return data;
}

/** Left and right exchanged. */
function mirrored(data: Float32Array, [, width, channels]: readonly number[], mirror: boolean): Float32Array {
  if (!mirror) return data;
  const row = width! * channels!;
  return data.map((_, at) => {
    const [line, rest] = [Math.floor(at / row), at % row];
    const [x, c] = [Math.floor(rest / channels!), rest % channels!];
    return data[line * row + (width! - 1 - x) * channels! + c]!;
  });
}

import { imageAt, stackImages } from '../core/arrays.js';
import { checkOptions } from '../core/options.js';
import type { NdArray } from '../core/types.js';
import { METRICS, type MetricName } from '../metrics/index.js';
import { type ImageGridOptions, imageGrid } from '../report/index.js';
import { matched } from '../studies/index.js';
import { groupsOf, type Scored } from './groups.js';

/** Options of {@link scoreGrid}. */
export interface ScoreGridOptions extends Pick<ImageGridOptions, 'title' | 'scale' | 'maxColumns'> {
  /** The field of the outcomes whose values are the rows. */
  readonly by: string;
  /** The score under each picture; default PSNR. */
  readonly metric?: MetricName;
}

/**
 * The private images of a study above what was rebuilt of them: one row per value of a field of the outcomes, one
 * column per image, in the order of the private ones, with class names and scores below. Each value's outcomes are of
 * the same batches.
 * @throws no outcomes; a field that an outcome lacks
 * @example rog.charts.scoreGrid(done, { by: 'phi' })
 */
export function scoreGrid<T extends Scored>(outcomes: readonly T[], options: ScoreGridOptions): void {
  checkOptions('scoreGrid', options, ['by', 'metric', 'title', 'scale', 'maxColumns']);
  const { by, metric = 'psnr', ...look } = options;
  const groups = groupsOf('scoreGrid', outcomes, by);
  const first = groups[0]!.part;
  const { unit } = METRICS[metric];
  const caption = (value: number): string =>
    Number.isNaN(value) ? '–' : `${value.toFixed(unit ? 1 : 2)}${unit ? ` ${unit}` : ''}`;
  imageGrid([joined(first, ({ batch }) => batch.images), ...groups.map(({ part }) => joined(part, rebuilt))], {
    ...look,
    rows: ['private', ...groups.map(({ value }) => value)],
    captions: [
      first.flatMap(({ batch }) => Array.from(batch.labels, (label) => batch.classNames[label] ?? String(label))),
      ...groups.map(({ part }) => part.flatMap(({ scores }) => (scores[metric] ?? []).map(caption))),
    ],
  });
}

const rebuilt = ({ result, scores }: Scored): NdArray => matched(result, scores);

const joined = (part: readonly Scored[], images: (one: Scored) => NdArray): NdArray =>
  stackImages(
    part.flatMap((one) => {
      const all = images(one);
      return Array.from({ length: all.shape[0]! }, (_, i) => imageAt(all, i));
    }),
  );

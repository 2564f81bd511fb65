import type { Batch, ImageShape, NdArray } from '../core/types.js';

/** The two disjoint halves of a data set. */
export type Split = 'train' | 'test';

/** Options of {@link Dataset.batch}. */
export interface BatchOptions {
  /** Default `'test'`. */
  readonly split?: Split;
  /** Number of images. Default 1, or the number of `indices`. */
  readonly size?: number;
  /** Chooses the images: it orders the whole split, so a larger batch extends a smaller one. Default 0. */
  readonly seed?: number;
  /** `'distinct'`: no class twice. Default `'any'`. */
  readonly labels?: 'any' | 'distinct';
  /** Positions in the split, instead of `size`, `seed` and `labels`. */
  readonly indices?: readonly number[];
}

/** What is told of a data set. */
interface Described {
  readonly name: string;
  /** One honest sentence about where the pixels come from. */
  readonly source: string;
  /** What the reader of a result must know, e.g. that another data set stands in. To be shown by notebooks. */
  readonly notice?: string;
  readonly classNames: readonly string[];
  readonly imageShape: ImageShape;
  readonly sizes: Readonly<Record<Split, number>>;
}

/** An open data set. Plain data and pure functions: the same arguments give the same bits. */
export interface Dataset extends Described {
  /** Chosen images with their labels; pixels in [0, 1]. */
  readonly batch: (options?: BatchOptions) => Batch;
  /** Images at positions of a split, [indices.length, height, width, channels] in [0, 1]. */
  readonly images: (split: Split, indices: readonly number[]) => NdArray;
  /** Labels at positions of a split, without reading the images. */
  readonly labels: (split: Split, indices: readonly number[]) => Int32Array;
}

/** Options of `openDataset`. */
export interface DatasetOptions {
  /** Folder of the files of `cifar10` (or of its `cifar-10-batches-bin`), `cifar100`, `mnist`, `fashion-mnist`. */
  readonly root?: string;
  /**
   * Side of the square images in pixels. `scenes`: 16 to 256, default 32. `photos`: 16 to 256, default 128. `folder:`:
   * default the images' own size if all are equal, else 128.
   */
  readonly size?: number;
  /** 1 makes colour gray (luma), 3 repeats gray. Default: as the images are; `folder:` 1 when every image is gray. */
  readonly channels?: 1 | 3;
  /** Stream of `scenes`. Default 0. */
  readonly seed?: number;
  /** `folder:` and `csv:` with integer labels: number of classes. Default the largest label + 1. */
  readonly classes?: number;
  /** Whether a published data set may be downloaded into the cache. Default true. */
  readonly download?: boolean;
  /** What stands in when a published set is not to be had; `'none'` throws. Default `'scenes'`, with a notice. */
  readonly fallback?: 'scenes' | 'photos' | 'none';
  /** Called during a download. */
  readonly onProgress?: (progress: {
    readonly name: string;
    readonly received: number;
    readonly total: number;
  }) => void;
  /** Cancels a download. */
  readonly signal?: AbortSignal;
}

/** What a kind of data set must bring; {@link datasetOf} makes a Dataset of it. */
export interface PixelSource extends Described {
  /** True when positions beyond `sizes` exist too (generated data). */
  readonly endless?: boolean;
  readonly labelAt: (split: Split, index: number) => number;
  /** Writes the 8-bit pixels of one image, divided by 255, into `out` at `offset`. */
  readonly writeImage: (split: Split, index: number, out: Float32Array, offset: number) => void;
}

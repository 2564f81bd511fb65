import type { ImageShape, Layer, Model } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import type { ClientOptions } from '../federation/index.js';
import type { ScoreOptions } from '../metrics/index.js';
import type { AttackName, ModelName } from '../registry/index.js';

/** Whose official weights LPIPS uses. */
export type LpipsNetwork = Exclude<ScoreOptions['lpips'], 'auto' | undefined>;

/** One value, or several: an axis of the grid. */
export type OneOrMany<T> = T | readonly T[];

/** A network of the registry, or any list of layers. In memory also a {@link Model} with its weights. */
export interface NetworkSpec {
  /** `lenet`, `vgg7`, `resnet18`; with `layers` any name. */
  readonly name: ModelName | (string & {});
  readonly layers?: readonly Layer[];
  /** Of the initial weights; default 1. */
  readonly seed?: number;
  /** Outputs; default the data set's classes. */
  readonly classes?: number;
  /** A safetensors file with the weights, seen from the definition's file. */
  readonly weights?: string;
}

/** Where the private images come from, and in which order they are taken. */
export interface DataSpec {
  /** As for openDataset: `cifar10`, `cifar10:DIR`, `scenes`, `folder:DIR`. No other data set stands in. */
  readonly name: string;
  /** Side of the images, for `scenes` and `folder:`. */
  readonly size?: number;
  /** Stream of `scenes`. */
  readonly seed?: number;
  /** Of `folder:` with integer labels. */
  readonly classes?: number;
  readonly split?: 'train' | 'test';
  /** Seed of the order in which images are taken; default 0. */
  readonly draw?: number;
  /** No class twice in a batch; default false. */
  readonly distinct?: boolean;
}

/** An open data set in memory, with the same choices. */
export interface OpenDataSpec extends Pick<DataSpec, 'split' | 'draw' | 'distinct'> {
  readonly set: Dataset;
}

/** The client, as for clientUpdate; the rows of its steps by name only. */
export interface ClientSpec extends Omit<ClientOptions, 'seed' | 'order'> {
  readonly order?: 'cyclic' | 'shuffled';
}

/** An attack of the registry with its options beside the name; `classNames: data` stands for the data set's names. */
export interface AttackSpec {
  readonly name: AttackName;
  readonly [option: string]: unknown;
}

/** How many (from 1 for seeds, from 0 for images), a list, or a range with both ends. */
export type Numbers = number | readonly number[] | { readonly from: number; readonly to: number };

/** The axes of a sweep. Each takes one value or a list; the grid is their product. */
export interface SweepAxes {
  readonly networks: OneOrMany<ModelName | NetworkSpec | Model>;
  readonly data: OneOrMany<string | DataSpec | OpenDataSpec | Dataset>;
  /** phi in its short form, e.g. `quantize:3`; default `none`. */
  readonly phi?: OneOrMany<string>;
  /** Images in the client's batch; default 1. */
  readonly batch?: OneOrMany<number>;
  /** Whether the server knows the labels; default `known`. */
  readonly labels?: OneOrMany<'known' | 'infer'>;
  readonly client?: OneOrMany<ClientSpec>;
  /** Default `rog`. */
  readonly attacks?: OneOrMany<AttackName | AttackSpec>;
  /** Of phi's noise and of the attack's start; default 1. */
  readonly seeds?: Numbers;
  /** Which batches of the seeded order, 0 the first; a number says how many. Default 1. */
  readonly images?: Numbers;
}

export type AxisName = keyof SweepAxes;

/** A sweep as data: what `defineSweep` takes, and what a YAML or JSON file holds. */
export interface SweepDefinition extends SweepAxes {
  /** Letters, digits, `.`, `_` and `-`; also the folder of its results. Default `sweep`. */
  readonly name?: string;
  /** Combinations to leave out: every key must match; a list matches any of its values, a name all of that name. */
  readonly exclude?: readonly Readonly<Partial<Record<AxisName, unknown>>>[];
  /** Axes that advance together instead of multiplying. */
  readonly zip?: readonly (readonly AxisName[])[];
  /** Keep the rebuilt pictures beside the rows, as PNG; default false. */
  readonly pictures?: boolean;
  /** LPIPS with this network's official weights; default false. */
  readonly lpips?: LpipsNetwork;
}

/** What a cell is, with every default written out: plain data, and the message to a worker. */
export interface CellJob {
  readonly id: string;
  /** Of the library: see partsVersion(). */
  readonly version: string;
  readonly network: {
    readonly name: string;
    readonly imageShape: ImageShape;
    readonly classes: number;
    readonly seed?: number;
    readonly layers?: readonly Layer[];
    /** Hash of the weights, where they are not drawn from the seed. */
    readonly weights?: string;
  };
  /** Where the images are from, in words. */
  readonly data: string;
  /** Hash of the private images and labels. */
  readonly images: string;
  readonly phi: string;
  readonly batch: number;
  readonly labels: 'known' | 'infer';
  readonly client: ClientSpec;
  readonly attack: { readonly name: AttackName; readonly options: Readonly<Record<string, unknown>> };
  readonly seed: number;
  /** Which batch of the seeded order. */
  readonly image: number;
  readonly pictures: boolean;
  readonly lpips: LpipsNetwork;
}

/** Numbers of one private image. What does not apply is null. */
export type ImageNumbers = Readonly<Record<string, number | null>>;

/** What a cell gave, or the reason why it cannot be had. */
export interface CellResult {
  readonly id: string;
  readonly job: Omit<CellJob, 'id'>;
  readonly done?: {
    readonly images: readonly ImageNumbers[];
    readonly bitsPerEntry: number;
    readonly objective: number | null;
    readonly closures: number;
    /** Hash of the rebuilt pictures' floats. */
    readonly digest: string;
  };
  readonly failed?: { readonly name: string; readonly message: string };
  /** What may differ from run to run. */
  readonly run: {
    readonly seconds: number;
    readonly engine: string;
    readonly worker: string;
    /** Milliseconds since 1970. */
    readonly finished: number;
  };
  /** Base64 of the PNG, on its way to the folder of pictures. */
  readonly png?: string;
}

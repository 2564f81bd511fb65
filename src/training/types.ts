import type { NamedArray, NdArray } from '../core/types.js';
import type { Tensor } from '../engine/index.js';
import type { Optimizer } from './optimizers.js';
import type { Schedule } from './schedules.js';

/** The loss that is minimised, and any other scalars of a minibatch to be shown and averaged (e.g. `accuracy`). */
export type Losses = { readonly loss: Tensor } & Readonly<Record<string, Tensor>>;

/** Where minibatches come from. A pure function of its arguments: a resumed training asks for the same ones again. */
export interface TrainingData {
  /** Number of samples. */
  readonly size: number;
  /** The arrays of one minibatch, always of the same shapes; `seed` is for augmentation and differs for every step. */
  readonly batch: (indices: readonly number[], seed: number) => readonly NdArray[] | Promise<readonly NdArray[]>;
}

/** Options of `fit`. */
export interface FitOptions {
  /** Shown in messages. */
  readonly name: string;
  /** The starting values. */
  readonly parameters: readonly NamedArray[];
  /** Plain tensorflow.js code, traced once: (parameters, arrays of the minibatch, constants) -> scalars. */
  readonly loss: (parameters: readonly Tensor[], batch: readonly Tensor[], constants: readonly Tensor[]) => Losses;
  /** Handed to the loss as they are and never moved, e.g. the weights of another network. */
  readonly constants?: readonly NdArray[];
  readonly data: TrainingData;
  readonly epochs: number;
  /** Samples per step; what is left of an epoch is dropped. Default 64. */
  readonly batchSize?: number;
  /** Order and augmentation; default 1. */
  readonly seed?: number;
  /** Default sgd(): momentum 0.9 with Nesterov. */
  readonly optimizer?: Optimizer;
  /** Default a steady 0.01. */
  readonly schedule?: Schedule;
  /** Largest norm of the whole gradient; longer ones are shortened. Default Infinity. */
  readonly clip?: number;
  /** Decay of a running mean of the weights, e.g. 0.999, validated and returned as `averaged`. Default 0: none. */
  readonly average?: number;
  /** Called after every epoch with the weights (their running mean, if there is one); its numbers join the curve. */
  readonly validate?: (parameters: readonly NamedArray[]) => Promise<Readonly<Record<string, number>>>;
  /** File to which the training is saved and from which it goes on, if it exists. Default none. */
  readonly checkpoint?: string;
  /** Seconds between two checkpoints; default 30. Each epoch's end is saved too. */
  readonly checkpointSeconds?: number;
  /** What else decides the result (JSON values): a checkpoint with other settings is refused. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Threads of the step; default the session's. */
  readonly threads?: number;
  /** Stops after the running step, saves, and returns what there is. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FitProgress) => void;
}

/** One point of the training curve: the means of the losses over an epoch, and what `validate` gave. */
export interface FitPoint {
  readonly epoch: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly validation: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Where a training is: after every step. */
export interface FitProgress {
  readonly name: string;
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in all, of `total`. */
  readonly step: number;
  readonly total: number;
  readonly rate: number;
  /** Means over the epoch so far. */
  readonly losses: Readonly<Record<string, number>>;
  readonly history: readonly FitPoint[];
  readonly seconds: number;
  readonly secondsLeft: number;
}

/** What a training gave. */
export interface Fitted {
  readonly parameters: readonly NamedArray[];
  /** The running mean of the weights: x' = decay x + (1 - decay) w after every step, not pulled to zero. */
  readonly averaged?: readonly NamedArray[];
  readonly history: readonly FitPoint[];
  readonly steps: number;
  /** Of all runs together, when it was resumed. */
  readonly seconds: number;
  readonly engine: string;
  readonly stopped: 'finished' | 'cancelled';
}

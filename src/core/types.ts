/**
 * The nouns of roglab. All of them are plain data (typed arrays, strings, numbers): a user never disposes anything,
 * and every noun can be written to disk, sent to a worker thread and compared bit by bit.
 * Tensors live only inside the engine's compiled steps.
 */

import type { ClientSettings } from './client-type.js';
import type { Evidence } from './evidence-type.js';
import type { Layer } from './layers.js';

export type * from './client-type.js';
export type * from './evidence-type.js';
export type * from './layers.js';

/** A dense row-major array of 32-bit floats. `data.length` is the product of `shape`. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** An array with the name of the parameter it belongs to, e.g. `conv1/kernel`. */
export interface NamedArray extends NdArray {
  readonly name: string;
}

/** [height, width, channels] of one image. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** Private images of one client: `images` is [batch, height, width, channels] with values in [0, 1]. */
export interface Batch {
  readonly images: NdArray;
  /** One class index per image. */
  readonly labels: Int32Array;
  /** One name per class. */
  readonly classNames: readonly string[];
  /** Which data set, split and positions, e.g. `cifar10 test 12,7,99,4`. */
  readonly source: string;
}

/** A network with its weights: architecture as data, parameters in the order in which the layers use them. */
export interface Model {
  readonly name: string;
  readonly imageShape: ImageShape;
  readonly classes: number;
  readonly layers: readonly Layer[];
  readonly parameters: readonly NamedArray[];
  /**
   * Running means and variances of batch normalisation, in the order of the layers; absent without such layers.
   * Constants of the evaluation mode; no gradient, and not part of an update unless a client sends them.
   */
  readonly buffers?: readonly NamedArray[];
  /** Of a network that was read from a file: how the tensors are named where it is trained. */
  readonly file?: NetworkFile;
  /** Of weights that were read from a file with names: where each stands there. */
  readonly sources?: NetworkFile['sources'];
}

/** Some entries of a stored tensor. */
export interface WeightPiece {
  /** The first that a file of weights has. */
  readonly names: readonly string[];
  readonly shape: readonly number[];
  /** Places in the stored tensor; default all, as they come. */
  readonly order?: Int32Array;
}

/** Where a parameter's numbers, in PyTorch's layout, stand: in pieces one below the other. */
export interface WeightSource {
  readonly shape: readonly number[];
  readonly pieces: readonly WeightPiece[];
}

/** What a network's file tells of files of its weights. */
export interface NetworkFile {
  /** By parameter and running statistic; one that is missing is not known by name. */
  readonly sources: Readonly<Record<string, WeightSource>>;
  /** Names of the stored tensors that parameters come from, in the order of the modules. */
  readonly stored: readonly string[];
  /** Stored tensors that are no parameters. */
  readonly constants: readonly NamedArray[];
  /** Nodes into which an exporter folded batch normalisation: the network is not the one that a client trains. */
  readonly folded: readonly string[];
  /** It ends in a softmax, which was left out: the loss is taken of what goes into it. */
  readonly softmax?: true;
}

/** delta = (w0 - w_tau) / learningRate, one array per parameter: for one local step exactly the gradient. */
export interface Update {
  readonly kind: 'update';
  readonly tensors: readonly NamedArray[];
  readonly client: ClientSettings;
  /** Loss of the batch at w0. */
  readonly loss: number;
  /** What is known of the tensors, where that is not all: see updateFrom(). */
  readonly evidence?: readonly Evidence[];
  /**
   * Running means and variances after the local steps, named and ordered as the model's buffers; where it has batch
   * norm in training mode. Whether the client sends them is said in observe().
   */
  readonly statistics?: readonly NamedArray[];
  /** Parameters that the client kept to itself, by name: zeros stand for them. Default: it sent all that it trained. */
  readonly unsent?: readonly string[];
}

/** A known phi with its parameters, as the server is told about it. */
export interface ObfuscationReport {
  /** e.g. `uniformQuantizer(bits: 3)`. */
  readonly name: string;
  readonly parameters: Readonly<Record<string, number | string | boolean>>;
  /** Mean cost in bits per entry of the update, index cost of sparse entries included. */
  readonly bitsPerEntry: number;
  /** One per tensor of the update. */
  readonly evidence: readonly Evidence[];
}

/** Result of phi on an update. */
export interface Obfuscated {
  readonly tensors: readonly NamedArray[];
  readonly report: ObfuscationReport;
}

/** phi: a pure function of the update and a seed. */
export interface Obfuscation {
  readonly name: string;
  readonly parameters: Readonly<Record<string, number | string | boolean>>;
  /** `before`: what was already known to be lost, when operators are composed; default: nothing lost. */
  readonly apply: (tensors: readonly NamedArray[], seed: number, before?: ObfuscationReport) => Obfuscated;
}

/** phi as a bare function of the update and a seed: nothing is known of what it does. */
export type OwnObfuscation = (tensors: readonly NamedArray[], seed: number) => readonly NamedArray[];

/** Everything an honest-but-curious server has. The signature of every attack: the threat model. */
export interface Observation {
  readonly kind: 'observation';
  /** The architecture and the round's starting weights w0. */
  readonly model: Model;
  /** The obfuscated update, one array per parameter. */
  readonly tensors: readonly NamedArray[];
  readonly client: ClientSettings;
  readonly obfuscation: ObfuscationReport;
  /** Given only when the caller states that the server knows them. */
  readonly labels?: Int32Array;
  /** Given only when the client sends its running statistics of batch norm; not obfuscated. */
  readonly statistics?: readonly NamedArray[];
}

/** One point of an attack's history. */
export interface HistoryPoint {
  /** Objective-and-gradient evaluations so far. */
  readonly closure: number;
  readonly objective: number;
  readonly seconds: number;
}

/** The pictures that an attack had after some closures. */
export interface Snapshot extends HistoryPoint {
  readonly images: NdArray;
}

/** An attack step by step: progress after every closure, the reconstruction at the end. */
export type AttackSteps = AsyncGenerator<Progress, Reconstruction>;

/** What an attack found. Chosen by the objective, never by the truth. */
export interface Reconstruction {
  readonly kind: 'reconstruction';
  readonly attack: string;
  /** [batch, height, width, channels] in [0, 1]. */
  readonly images: NdArray;
  /** The attack's own pictures, where `images` have been through a postprocessing such as restore(). */
  readonly raw?: NdArray;
  /**
   * Of each image the SSIM to the private one that the server may expect, 0 to 1, by what it knows: calibrated, see
   * expectedSsim(). Of the attack's own pictures, not of postprocessed ones; none of pictures drawn by a generator.
   */
  readonly confidence?: readonly number[];
  /** Of each image the share it explains of what the others leave, 0 to 1, where given: compare within a batch. */
  readonly explained?: readonly number[];
  readonly labels: Int32Array;
  readonly labelSource: { readonly method: string; readonly confidence: readonly number[] };
  readonly objective: number;
  readonly history: readonly HistoryPoint[];
  /** Pictures along the way, where a study asked for them. */
  readonly trail?: readonly Snapshot[];
  readonly closures: number;
  readonly seconds: number;
  readonly engine: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly stopped: 'finished' | 'cancelled';
}

/** Per-image scores of a reconstruction against the private images, already matched. */
export interface Scores {
  /** match[i] is the reconstruction that was assigned to private image i. */
  readonly match: readonly number[];
  readonly mse: readonly number[];
  /** dB */
  readonly psnr: readonly number[];
  /** Windowed SSIM (11x11 Gaussian, sigma 1.5). */
  readonly ssim: readonly number[];
  /** The single-window SSIM of the authors' code. */
  readonly globalSsim: readonly number[];
  /** Distance of the features of our own small network; a scale of its own, not LPIPS. NaN: does not apply. */
  readonly featureDistance: readonly number[];
  /** 1 where a tagger sees the same class in both images, else 0. NaN: does not apply. */
  readonly agreement: readonly number[];
  /** Overlap of the label sets that a tagger gives both images, 0 to 1. NaN: does not apply. */
  readonly jaccard: readonly number[];
  /** LPIPS v0.1, where its official weights are at hand. */
  readonly lpips?: readonly number[];
}

/** What a running attack reports. */
export interface Progress {
  readonly closure: number;
  readonly total: number;
  readonly objective: number;
  readonly seconds: number;
  readonly secondsLeft: number;
  /** The current pictures, [batch, height, width, channels] in [0, 1]. */
  readonly images: () => NdArray;
  /** In the last report of an attack that ended before `total`: pictures and objective are then those it returns. */
  readonly ended?: 'stopped' | 'converged';
}

/**
 * Privacy inside a client's local steps: examples' gradients are shortened, and noise is added, before their mean is
 * taken (DP-SGD, Abadi et al. 2016; Fed-CDP, Wei et al. 2021; the first code of Yue et al.).
 */
export interface ClientPrivacy {
  /** C, > 0: every example's gradient is shortened to this Euclidean norm. Default: none is. */
  readonly clip?: number;
  /** The norm: of an `example`'s whole gradient (default; DP-SGD), or of each `tensor` of it (Yue et al.). */
  readonly scope?: 'example' | 'tensor';
  /** Default: none. */
  readonly noise?: StepNoise;
  /** The authors' slip: a mini-batch's first example is neither shortened nor noised. No epsilon. Default false. */
  readonly exemptFirst?: boolean;
  /** The form of versions up to 0.4: `noise: { multiplier, stream: 'box-muller' }`, to repeat stored results. */
  readonly noiseMultiplier?: number;
}

/** Noise inside a local step, on each entry of a tensor with n entries; exactly one of the three sizes. */
export interface StepNoise {
  /** sigma, >= 0: deviation sigma C on the sum over the examples. The only one from which an epsilon follows. */
  readonly multiplier?: number;
  /** dB: on each tensor of an example's (clipped) gradient g, of variance |g|^2 / (n 10^(snr/10)). No epsilon. */
  readonly snr?: number;
  /** Constant standard deviation on each example's (clipped) gradient: one, or one a tensor. No epsilon follows. */
  readonly sigma?: number | readonly number[];
  /** Where the numbers come from: see normalBlocks() and normalStream(). Default `ziggurat`. */
  readonly stream?: 'ziggurat' | 'box-muller';
}

/** What moves a client's weights, in PyTorch's conventions and defaults (torch.optim), for all parameters alike. */
export type ClientOptimizer =
  | {
      readonly kind: 'sgd';
      /** In [0, 1); default 0. */
      readonly momentum?: number;
      readonly nesterov?: boolean;
      /** >= 0; default 0. */
      readonly weightDecay?: number;
    }
  | {
      readonly kind: 'adam' | 'adamw';
      /** In [0, 1); default 0.9. */
      readonly beta1?: number;
      /** In [0, 1); default 0.999. */
      readonly beta2?: number;
      /** > 0; default 1e-8. */
      readonly epsilon?: number;
      /** >= 0; default 0 (adam: in the gradient), 0.01 (adamw: beside it). */
      readonly weightDecay?: number;
    };

/**
 * What a client did and publicly announces. `localSteps` = 1 is FedSGD, more is FedAvg. What is absent was not
 * announced: an attack then assumes something, and says so in its settings.
 */
export interface ClientSettings {
  readonly batchSize: number;
  readonly localSteps: number;
  readonly learningRate: number;
  /** Images per local step; `batchSize` where every step uses the whole batch. The last of an epoch may be smaller. */
  readonly miniBatch: number;
  readonly optimizer?: ClientOptimizer;
  /** Mini-batches: `cyclic`, round and round in the order of the batch, or the rows of the batch in each local step. */
  readonly order?: 'cyclic' | readonly (readonly number[])[];
  /** What the learning rate is multiplied by in each local step; `constant`: 1. */
  readonly schedule?: 'constant' | readonly number[];
  /**
   * Layers that are not trained (requires_grad = False): they keep their weights, and are not part of the update. A
   * list of layers or tensors by name, or all but those named (a head alone). Default: every layer is trained.
   */
  readonly frozen?: readonly string[] | { readonly allBut: readonly string[] };
  /**
   * Part e of every label that is spread over all classes: the loss is the cross-entropy against (1 - e) y + e /
   * classes (PyTorch's label_smoothing). Default 0.
   */
  readonly labelSmoothing?: number;
  /** Present when each example's gradient was clipped and each step noised. */
  readonly privacy?: ClientPrivacy;
  /**
   * Present when the update is a mean of several clients' (secure aggregation), weighted by `share` (their sum is 1):
   * `batchSize` counts the images of all, one client's after the other's.
   */
  readonly clients?: readonly { readonly share: number; readonly settings: ClientSettings }[];
}

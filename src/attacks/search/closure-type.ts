import type { ClientSettings, NdArray, Observation } from '../../core/types.js';
import type { Tensor, tf } from '../../engine/index.js';
import type { Cost } from '../../federation/index.js';
import type { Evaluate } from './minimise.js';

/** A compiled objective: pictures in, value and gradient out. Dispose it when the attack is done. */
export interface Closure {
  readonly evaluate: Evaluate;
  readonly engine: string;
  /** What one evaluation will take, by a trial on some pictures; where local steps are simulated. */
  readonly cost?: (images: NdArray) => Promise<Cost>;
  readonly dispose: () => void;
}

/** What is compared at some pictures. */
export interface Compared {
  readonly delta: readonly Tensor[];
  readonly observed: readonly Tensor[];
  readonly images: Tensor;
  readonly numbers: Tensor;
  readonly parameters: readonly Tensor[];
}

/** What a closure compares, for either way of simulating the client. */
export interface Comparison {
  readonly observation: Observation;
  /** The client as it is simulated: nothing is missing. */
  readonly client: ClientSettings;
  readonly joint: boolean;
  /** One-hot labels, or zeros where they are searched. */
  readonly targets: NdArray;
  /** What `total` reads beside the tensors. */
  readonly numbers: NdArray;
  /** objective(simulated update, observed update) + weight * prior(images) + statistics * distance of moments. */
  readonly total: (at: Compared) => tf.Scalar;
  readonly usesParameters: boolean;
  readonly name: string;
}

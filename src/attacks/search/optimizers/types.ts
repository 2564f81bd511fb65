/** Everything an optimizer remembers between two evaluations; arrays and numbers, so that it can be written to disk. */
export interface OptimizerState {
  readonly arrays: Readonly<Record<string, Float32Array>>;
  readonly numbers: Readonly<Record<string, number>>;
}

/** The point to evaluate next, and what is remembered. */
export interface Step {
  readonly x: Float32Array;
  readonly state: OptimizerState;
  /** Nothing is left to gain at this precision: stop here. */
  readonly converged?: boolean;
}

/** The value and the gradient that the last point turned out to have. */
export interface Evaluated {
  readonly x: Float32Array;
  readonly value: number;
  readonly gradient: Float32Array;
}

/**
 * An optimizer that is asked and told: it never calls the objective, so the one loop of minimise() decides about
 * evaluating, progress, checkpoints and stopping. State goes in and comes out.
 */
export interface Optimizer {
  readonly start: (size: number) => OptimizerState;
  readonly step: (at: Evaluated, state: OptimizerState, rate: number) => Step;
}

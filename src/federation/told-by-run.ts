import type { Model } from '../core/types.js';
import { dryRun, type Tensor, tf } from '../engine/index.js';
import { type Drawing, type ForwardOptions, forward } from '../models/index.js';
import { zeros } from './picked-rows.js';

/** What a network says of itself in a run on some examples. */
export interface Run {
  readonly drawings: readonly Drawing[];
  /** Rows of the inputs of each parameter that a layer multiplies its inputs with; undefined for others. */
  readonly rows: readonly (number | undefined)[];
}

/** Calls the network once, on shapes. */
export function runOf(model: Model, size: number, options: ForwardOptions): Run {
  const drawings: Drawing[] = [];
  const rows: (number | undefined)[] = [];
  const watched: ForwardOptions = {
    ...options,
    using: (use, value) => {
      rows.push(use.kind === 'product' ? use.input.shape[0] : undefined);
      return value;
    },
    random: (drawing) => {
      drawings.push(drawing);
      return tf.ones([...drawing.shape]);
    },
  };
  const logits = forward(model, watched);
  dryRun((x, ...w) => logits(w, x), [zeros([size, ...model.imageShape]), ...model.parameters]);
  return { drawings, rows: rows.length === model.parameters.length ? rows : [] };
}

/** Numbers that layers draw, given to them in order, in one run after the other. */
export function inTurn() {
  let tensors: readonly Tensor[] = [];
  let at = 0;
  return {
    are: (given: readonly Tensor[]): void => {
      tensors = given;
      at = 0;
    },
    next: (): Tensor => tensors[at++ % tensors.length]!,
  };
}

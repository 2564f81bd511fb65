import { problem } from '../core/errors.js';
import type { Model } from '../core/types.js';
import { draws, mixesExamples } from '../models/index.js';

/** Refuses networks whose images or steps depend on more than parameters and one image each. */
export function checkIndependent(where: string, model: Model, why: string): void {
  if (mixesExamples(model)) {
    const fix = "batchNorm: 'eval', or groupNorm";
    throw problem(where, `${why}, and batch norm in training mode mixes them`, model.name, fix);
  }
  if (draws(model))
    throw problem(where, 'knows no layers that draw numbers', model.name, "dropout: 'off', no bottleneck");
}

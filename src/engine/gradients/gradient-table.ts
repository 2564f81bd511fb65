import { activations } from './activations.js';
import { arithmetic } from './arithmetic.js';
import { convolutions } from './convolutions.js';
import { normalization } from './normalization.js';
import { pooling } from './pooling.js';
import { reductions } from './reductions.js';
import type { Rule } from './rule.js';
import { shapes } from './shaping.js';

/**
 * kernel -> rule, for every kernel that roglab differentiates. The rules of tfjs are not used: several save an output,
 * which makes the gradient of a gradient silently wrong, some are missing, some are wrong at ties, and the package's
 * Node build registers none. The rules here only use kernels that have a rule themselves, so gradients of any order
 * follow; masks are constants, made off the tape.
 */
export const gradientTable: Readonly<Record<string, Rule>> = {
  ...arithmetic,
  ...activations,
  ...shapes,
  ...reductions,
  ...normalization,
  ...convolutions,
  ...pooling,
};

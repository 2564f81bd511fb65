import { checkFrozen, type Frozen } from '../core/frozen.js';
import { halfCosine } from '../core/numbers.js';
import { type OptionTable, real, schemaOf, whole } from '../core/option-table.js';
import { oneOf } from '../core/options.js';
import type { ClientOptimizer, ClientPrivacy, ClientSettings } from '../core/types.js';
import { checkOptimizer, OPTIMIZER_KINDS } from './client-optimizers.js';
import { checkPrivacy, PRIVACY_TABLE } from './private-settings.js';

/** Options of {@link clientUpdate}. */
export interface ClientOptions {
  /** tau; 1 (default) is FedSGD, more is FedAvg. */
  readonly localSteps?: number;
  /** Instead of `localSteps`: rounds over the batch, ceil(batch / miniBatch) local steps each. */
  readonly epochs?: number;
  /** Default 0.003. */
  readonly learningRate?: number;
  /** Images per local step; default the whole batch. The last step of an epoch may have fewer. */
  readonly miniBatch?: number;
  /** Default plain SGD; a bare name stands for PyTorch's defaults. */
  readonly optimizer?: ClientOptimizer | ClientOptimizer['kind'];
  /** Rows of each local step: `cyclic` (default), in order; `shuffled`, anew each epoch by `seed`; or a list a step. */
  readonly order?: 'cyclic' | 'shuffled' | readonly (readonly number[])[];
  /**
   * What the learning rate is multiplied by: `constant` (default), `cosine` (1 + cos(pi t / tau)) / 2 or `linear` 1 - t
   * / tau in step t = 0 .. tau - 1, or a factor for each local step.
   */
  readonly schedule?: keyof typeof SCHEDULES | readonly number[];
  /**
   * Layers that are not trained (requires_grad = False), by name: `['conv0']`; or all but those named: `{ allBut:
   * ['dense8'] }` trains a head alone. No optimizer moves them, weight decay neither. Default: every layer is trained.
   */
  readonly frozen?: ClientSettings['frozen'];
  /** Part of every label that is spread over all classes, in [0, 1), as PyTorch's label_smoothing; default 0. */
  readonly labelSmoothing?: number;
  /** Privacy of the steps (DP-SGD, Fed-CDP, the talk): gradients clipped by example, noise on each. Default none. */
  readonly privacy?: ClientPrivacy;
  /** Of the noise of `privacy`, the shuffled order and the dropout masks that the server does not know; default 1. */
  readonly seed?: number;
}

/** What the learning rate is multiplied by at a part of the way. */
export const SCHEDULES = {
  constant: () => 1,
  cosine: halfCosine,
  linear: (part: number) => 1 - part,
};

const kind = { type: 'object', required: ['kind'] };
const either = (words: readonly string[], list: object): object => ({ anyOf: [{ enum: words }, list] });
const listed = (items: object): object => ({ type: 'array', minItems: 1, items });
const ORDERS = ['cyclic', 'shuffled'] as const;
const SCHEDULE_NAMES = Object.keys(SCHEDULES) as (keyof typeof SCHEDULES)[];

/** What a client does; lists are checked where the number of its steps is known. */
export const CLIENT_TABLE = {
  localSteps: whole('local steps; default 1'),
  epochs: whole('instead: passes over the batch'),
  learningRate: real('of a step', 0.003, { open: true }),
  miniBatch: whole('images of a step; default the whole batch'),
  optimizer: {
    about: "sgd (default), adam or adamw, or one of them with numbers of one's own",
    schema: { anyOf: [{ enum: OPTIMIZER_KINDS }, kind] },
    check: (where, _, value) => void checkOptimizer(where, value as ClientOptimizer),
  },
  order: {
    about: 'which rows of the batch a step takes; default cyclic',
    schema: either(ORDERS, listed(listed({ type: 'integer', minimum: 0 }))),
    check: (where, name, value) => {
      if (!Array.isArray(value)) oneOf(where, name, value as string, ORDERS);
    },
  },
  schedule: {
    about: 'what the learning rate is multiplied by; default constant',
    schema: either(SCHEDULE_NAMES, listed({ type: 'number', minimum: 0 })),
    check: (where, name, value) => {
      if (!Array.isArray(value)) oneOf(where, name, value as string, SCHEDULE_NAMES);
    },
  },
  frozen: {
    about: 'layers that are not trained, by name; or { "allBut": [...] }',
    schema: { type: ['array', 'object'] },
    check: (where, _, value) => void checkFrozen(where, value as Frozen),
  },
  labelSmoothing: real('part of every label that is spread over all classes; default 0', undefined, { below: 1 }),
  privacy: {
    about: "each example's gradient clipped, noise on every step; default none",
    schema: schemaOf(PRIVACY_TABLE),
    check: (where, _, value) => void checkPrivacy(where, value as ClientPrivacy),
  },
  seed: whole('of noise, order and dropout', 1, { from: 0 }),
} satisfies OptionTable<ClientOptions>;

export const CLIENT_OPTIONS = Object.keys(CLIENT_TABLE) as readonly (keyof ClientOptions)[];

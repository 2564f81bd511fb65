import type { Batch, Model, Obfuscation, Observation, OwnObfuscation } from '../core/types.js';
import { CLIENT_OPTIONS, type ClientOptions, clientUpdate, observe } from '../federation/index.js';
import { parseObfuscation } from '../obfuscation/index.js';

/** One experiment as data: which client, which phi, which seed. */
export interface Case extends ClientOptions {
  /** phi in its short form, e.g. `quantize:3`, or one of your own: see obfuscation(), or a bare function. */
  readonly phi: string | Obfuscation | OwnObfuscation;
  /** Whether the server knows the labels; default `known`. */
  readonly labels?: 'known' | 'infer';
  /** Seed of phi, of the noise of private steps and of a shuffled order; default 1. */
  readonly seed?: number;
}

/** Runs the client on its batch and obfuscates its update: what the server sees of this case. */
export async function observeCase(
  model: Model,
  batch: Batch,
  { phi, labels = 'known', seed = 1, ...client }: Case,
): Promise<Observation> {
  const update = await clientUpdate(model, batch, { ...client, seed });
  return observe(model, update, {
    obfuscation: typeof phi === 'string' ? parseObfuscation(phi) : phi,
    seed,
    labels: labels === 'known' ? batch.labels : 'infer',
  });
}

/** The case in a trial that carries more: every field that decides what the server sees. */
export const caseOf = <T extends Case>(trial: T): Case =>
  Object.fromEntries(
    CASE_FIELDS.flatMap((key) => (trial[key] === undefined ? [] : [[key, trial[key]]])),
  ) as unknown as Case;

const CASE_FIELDS = ['phi', 'labels', ...CLIENT_OPTIONS] as const;

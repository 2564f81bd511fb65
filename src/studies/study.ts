import type { Batch, Model, Reconstruction, Scores } from '../core/types.js';
import type { ScoreOptions } from '../metrics/index.js';
import type { AttackName } from '../registry/index.js';
import type { JobOptions } from './attack-worker.js';
import { type Case, caseOf, observeCase } from './case.js';
import { score } from './score.js';
import { type AttackOutcome, attackAll, type PoolOptions } from './worker-pool.js';

/** One attack of a study, as data; more fields may be added, they come back with the outcome. */
export interface Trial extends Case {
  readonly model: Model;
  readonly batch: Batch;
  /** Default `rog`. */
  readonly attack?: AttackName;
  readonly options?: JobOptions;
  /** Closures after which the pictures are scored too, ascending; default none. */
  readonly trace?: readonly number[];
}

/** Scores of the pictures that an attack had on its way. */
export interface Waypoint {
  readonly closure: number;
  readonly seconds: number;
  readonly scores: Scores;
}

/** What a trial gave. */
export interface Outcome {
  readonly result: Reconstruction;
  /** Per private image, matched; made after the attack has ended. */
  readonly scores: Scores;
  /** The same along the way, where the trial has a trace. */
  readonly trail: readonly Waypoint[];
  /** What phi's message cost. */
  readonly bitsPerEntry: number;
}

/** A trial that ended with an error instead; stopped on its way it has the pictures so far. */
export interface Failure {
  readonly error: Error;
  readonly result?: Reconstruction;
}

/** Options of {@link study}. */
export interface StudyOptions extends PoolOptions {
  /** How the reconstructions are scored, e.g. with LPIPS or another tagger. */
  readonly scoring?: ScoreOptions;
}

/**
 * Client, phi, attack and scores of many trials side by side, in the order given: each trial with its outcome.
 * The truth joins after each attack, in the scores alone.
 * @throws those of a trial's own parts, as {@link attackAll}: by default the first one is thrown, with what had
 * finished in its `outcomes`; with `onError: 'keep'` every trial comes back, with its outcome or with its `error`, also
 * after an interrupt
 * @example
 * const done = await rog.study(['quantize:3', 'sign'].map((phi) => ({ model: model, batch: batch, phi })));
 * done.map(({ phi, scores }) => [phi, ...scores.psnr]);
 */
export function study<T extends Trial>(
  trials: readonly T[],
  options: StudyOptions & { readonly onError: 'keep' },
): Promise<(T & ((Outcome & { readonly error?: undefined }) | (Failure & { readonly scores?: undefined })))[]>;
export function study<T extends Trial>(trials: readonly T[], options?: StudyOptions): Promise<(T & Outcome)[]>;
export async function study<T extends Trial>(
  trials: readonly T[],
  { scoring, onError = 'throw', ...options }: StudyOptions = {},
): Promise<unknown> {
  const bits = new Array<number>(trials.length);
  const jobs = trials.map((trial, i) => async () => {
    const { model, batch, attack = 'rog' } = trial;
    const observation = await observeCase(model, batch, caseOf(trial));
    bits[i] = observation.obfuscation.bitsPerEntry;
    return { observation, attack, options: trial.options ?? {}, trace: trial.trace };
  });
  const outcomes: AttackOutcome[] =
    onError === 'keep'
      ? await attackAll(jobs, { ...options, onError })
      : (await attackAll(jobs, { ...options, onError })).map((result) => ({ result }));
  const rows: unknown[] = [];
  for (const [i, trial] of trials.entries()) {
    const scored = scoredOutcome(trial.batch, outcomes[i]!, bits[i]!, scoring);
    const row = onError === 'keep' ? scored.catch((error): Failure => ({ ...outcomes[i], error })) : scored;
    rows.push({ ...trial, ...(await row) });
  }
  return rows;
}

async function scoredOutcome(
  batch: Batch,
  outcome: AttackOutcome,
  bitsPerEntry: number,
  scoring?: ScoreOptions,
): Promise<Outcome | Failure> {
  if (outcome.error) return outcome;
  const { result } = outcome;
  const scores = await score(batch, result, scoring);
  return { result, scores, trail: await waypoints(batch, result, scoring), bitsPerEntry };
}

async function waypoints(batch: Batch, { trail = [] }: Reconstruction, scoring?: ScoreOptions): Promise<Waypoint[]> {
  const points: Waypoint[] = [];
  for (const { closure, seconds, images } of trail)
    points.push({ closure, seconds, scores: await score(batch, { images }, scoring) });
  return points;
}

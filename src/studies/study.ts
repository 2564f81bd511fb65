import type { Batch, Model, Reconstruction, Scores } from '../core/types.js';
import type { ScoreOptions } from '../metrics/index.js';
import type { AttackName } from '../registry/index.js';
import { type Case, caseOf, observeCase } from './case.js';
import { attackAll, type PoolOptions } from './pool.js';
import { score } from './score.js';
import type { JobOptions } from './worker.js';

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

/** Options of {@link study}. */
export interface StudyOptions extends PoolOptions {
  /** How the reconstructions are scored, e.g. with LPIPS or another tagger. */
  readonly scoring?: ScoreOptions;
}

/**
 * Client, phi, attack and scores of many trials side by side, in the order given: each trial with its outcome.
 * The truth joins after each attack, in the scores alone. Errors: those of a trial's own parts.
 * @example
 * const done = await study(['quantize:3', 'sign'].map((phi) => ({ model, batch, phi })));
 * done.map(({ phi, scores }) => [phi, ...scores.psnr]);
 */
export async function study<T extends Trial>(
  trials: readonly T[],
  { scoring, ...options }: StudyOptions = {},
): Promise<(T & Outcome)[]> {
  const bits = new Array<number>(trials.length);
  const results = await attackAll(
    trials.map((trial, i) => async () => {
      const { model, batch, attack = 'rog' } = trial;
      const observation = await observeCase(model, batch, caseOf(trial));
      bits[i] = observation.obfuscation.bitsPerEntry;
      return { observation, attack, options: trial.options ?? {}, trace: trial.trace };
    }),
    options,
  );
  const outcomes: (T & Outcome)[] = [];
  for (const [i, trial] of trials.entries())
    outcomes.push({
      ...trial,
      result: results[i]!,
      scores: await score(trial.batch, results[i]!, scoring),
      trail: await waypoints(trial.batch, results[i]!, scoring),
      bitsPerEntry: bits[i]!,
    });
  return outcomes;
}

async function waypoints(batch: Batch, { trail = [] }: Reconstruction, scoring?: ScoreOptions): Promise<Waypoint[]> {
  const points: Waypoint[] = [];
  for (const { closure, seconds, images } of trail)
    points.push({ closure, seconds, scores: await score(batch, { images }, scoring) });
  return points;
}

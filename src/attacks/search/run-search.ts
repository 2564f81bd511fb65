import type { HeldCheckpoint } from '../../assets/index.js';
import { problem as fault } from '../../core/errors.js';
import type { AttackSteps, NdArray, Progress, Reconstruction } from '../../core/types.js';
import { asProgress, isLast, minimise, type Search, type SearchState, type Stage, searchStart } from './minimise.js';
import { loadSearch, saveSearch } from './saved-search.js';

/** What an attack searches, and what it makes of what the search found. */
export interface Problem extends Omit<Search, 'stages'> {
  readonly attack: string;
  readonly engine: string;
  /** Everything that decides the result, as JSON. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Seconds that went into making the problem. */
  readonly spent?: number;
  /** Pictures of the latest closure, where they are no upsampling of the latent. */
  readonly pictures?: () => NdArray;
  /** What is found anew after a closure; the pictures that it was found from become the state's `anchor`. */
  readonly between?: (state: SearchState) => Promise<SearchState>;
  /** Finds the same again from the anchor, when a search goes on from a checkpoint. */
  readonly again?: (anchor: NdArray) => Promise<void>;
  /** Settings that decide the result, where `settings` says more than these. */
  readonly deciding?: Readonly<Record<string, unknown>>;
  readonly conclude: (state: SearchState) => Promise<Conclusion>;
  readonly dispose?: () => void;
}

export type Conclusion = Pick<Reconstruction, 'images' | 'labels' | 'labelSource' | 'objective'> &
  Partial<Pick<Reconstruction, 'raw' | 'explained' | 'closures'>>;

export interface SearchRun {
  readonly stop: () => boolean;
  /** The checkpoint that it goes on from and writes. */
  readonly held?: HeldCheckpoint;
  readonly checkpointSeconds?: number;
}

/**
 * Searches a problem in stages and concludes; the problem is disposed at the end, whatever happens.
 * A stop before the first closure waits for it, so that there are pictures.
 * @yields progress after every closure; @returns the reconstruction
 */
export async function* runSearch(
  problem: Problem,
  stages: readonly Stage[],
  { stop, held, checkpointSeconds }: SearchRun,
): AttackSteps {
  const { attack, engine, settings, deciding = settings, spent = 0, between, again, pictures } = problem;
  const search: Search = { ...problem, stages };
  try {
    const fresh = { ...searchStart(search), seconds: spent };
    let state = (held && (await loadSearch(held, deciding))) || fresh;
    if (state.anchor) await again?.(state.anchor);
    const run = {
      stop: ({ history }: SearchState) => history.length > 0 && stop(),
      save: held && ((at: SearchState) => saveSearch(held, deciding, at)),
      saveEvery: checkpointSeconds,
    };
    for await (state of minimise(search, state, run, between)) {
      if (state.history.length === 1) checkFinite(attack, state.history[0]!.objective);
      const images = pictures?.();
      yield { ...asProgress(search, state), ...(images && { images: () => images }) };
    }
    checkFinite(attack, state.best.objective);
    return {
      kind: 'reconstruction',
      attack,
      closures: state.history.at(-1)?.closure ?? 0,
      ...(await problem.conclude(state)),
      history: state.history,
      seconds: state.seconds,
      engine,
      settings,
      stopped: isLast(search, state) ? 'finished' : 'cancelled',
    };
  } finally {
    problem.dispose?.();
  }
}

/** NaN in the weights or the update, or an overflow, goes through every closure: there is nothing to return then. */
function checkFinite(attack: string, objective: number): void {
  if (!Number.isFinite(objective))
    throw fault(
      attack,
      'the objective must be a finite number',
      objective,
      'look for NaN, infinities and huge numbers in the weights and the update',
    );
}

/** Runs the steps of an attack to the end, reporting progress; once more where it ended before its last closure. */
export async function finish(steps: AttackSteps, onProgress?: (progress: Progress) => void): Promise<Reconstruction> {
  let last: Progress | undefined;
  for (;;) {
    const { done, value } = await steps.next();
    if (!done) {
      last = value;
      onProgress?.(value);
      continue;
    }
    if (last && last.closure < last.total)
      onProgress?.({
        ...last,
        objective: value.objective,
        secondsLeft: 0,
        images: () => value.images,
        ended: value.stopped === 'cancelled' ? 'stopped' : 'converged',
      });
    return value;
  }
}

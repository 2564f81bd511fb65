import { resample, resampleAdjoint } from '../core/resample.js';
import type { HistoryPoint, NdArray, Progress } from '../core/types.js';
import { type AdamState, adamStart, adamStep } from './adam.js';

/** One stage of the search: a latent of `size` pixels, so many closures of Adam with a cosine schedule. */
export interface Stage {
  /** [height, width] of the latent; the pictures are its bicubic upsampling. */
  readonly size: readonly [number, number];
  readonly closures: number;
  /** Step size at the start and at the end of the stage. */
  readonly rate: readonly [from: number, to: number];
}

/** Value and gradient of the whole objective at pictures [batch, h, w, c]. */
export type Evaluate = (images: NdArray) => Promise<{ objective: number; gradient: NdArray }>;

/** What {@link minimise} searches. */
export interface Search {
  readonly evaluate: Evaluate;
  readonly stages: readonly Stage[];
  /** [height, width] of the pictures. */
  readonly size: readonly [number, number];
  /** The first stage's latent [batch, h, w, c]; default of the recipes: uniform or gray. */
  readonly start: NdArray;
  /** Clamp the latent to this range after every step. */
  readonly box?: readonly [number, number];
  /** Give Adam the sign of the gradient only (Geiping et al. 2020). */
  readonly signed?: boolean;
}

/** The complete state of a search between two closures: everything a killed run needs to go on to the same result. */
export interface SearchState {
  readonly stage: number;
  readonly step: number;
  readonly latent: NdArray;
  readonly adam: AdamState;
  readonly best: { readonly objective: number; readonly images: NdArray };
  readonly history: readonly HistoryPoint[];
  readonly seconds: number;
}

export const searchStart = ({ start }: Search): SearchState => ({
  stage: 0,
  step: 0,
  latent: start,
  adam: adamStart(start.data.length),
  best: { objective: Number.POSITIVE_INFINITY, images: start },
  history: [],
  seconds: 0,
});

/**
 * The one optimizer loop: Adam over a sequence of latents, coarse to fine; each stage starts from the last one's
 * latent, resampled. Keeps the best pictures by the objective. Yields the state after every closure, so the caller
 * decides about progress, checkpoints and stopping.
 */
export async function* minimise(
  search: Search,
  from: SearchState = searchStart(search),
): AsyncGenerator<SearchState, void> {
  const began = performance.now() - 1000 * from.seconds;
  let state = from;
  for (let stage = from.stage; stage < search.stages.length; stage++) {
    const { closures } = search.stages[stage]!;
    if (stage > state.stage) state = { ...state, ...enter(search, stage, state.latent) };
    while (state.step < closures) {
      state = await advance(search, state, began);
      yield state;
    }
  }
}

function enter(
  search: Search,
  stage: number,
  latent: NdArray,
): Pick<SearchState, 'stage' | 'step' | 'latent' | 'adam'> {
  const next = resample(latent, search.stages[stage]!.size);
  return { stage, step: 0, latent: next, adam: adamStart(next.data.length) };
}

async function advance(search: Search, state: SearchState, began: number): Promise<SearchState> {
  const { closures, rate, size } = search.stages[state.stage]!;
  const images = resample(state.latent, search.size);
  const { objective, gradient } = await search.evaluate(images);
  const pulled = resampleAdjoint(gradient, size);
  const direction = search.signed ? pulled.data.map(Math.sign) : pulled.data;
  const moved = adamStep(state.latent.data, direction, state.adam, cosine(rate, state.step / closures), search.box);
  const seconds = (performance.now() - began) / 1000;
  return {
    stage: state.stage,
    step: state.step + 1,
    latent: { shape: state.latent.shape, data: moved.x },
    adam: moved.state,
    best: objective < state.best.objective ? { objective, images } : state.best,
    history: [...state.history, { closure: state.history.length + 1, objective, seconds }],
    seconds,
  };
}

const cosine = ([from, to]: readonly [number, number], at: number): number =>
  to + 0.5 * (from - to) * (1 + Math.cos(Math.PI * at));

/** The state as a progress report. */
export function asProgress(search: Search, state: SearchState): Progress {
  const total = search.stages.reduce((sum, { closures }) => sum + closures, 0);
  const closure = state.history.length;
  return {
    closure,
    total,
    objective: state.history.at(-1)?.objective ?? Number.POSITIVE_INFINITY,
    seconds: state.seconds,
    secondsLeft: closure ? (state.seconds / closure) * (total - closure) : Number.NaN,
    images: () => clamped(resample(state.latent, search.size)),
  };
}

/** Pictures brought back to [0, 1], as every reconstruction is before it is shown or scored. */
export const clamped = ({ shape, data }: NdArray): NdArray => ({
  shape,
  data: data.map((value) => Math.min(1, Math.max(0, value))),
});

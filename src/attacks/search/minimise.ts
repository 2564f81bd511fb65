import { halfCosine } from '../../core/numbers.js';
import { resample, resampleAdjoint } from '../../core/resample.js';
import { resumable, type Steps, secondsLeft } from '../../core/resumable.js';
import type { HistoryPoint, NdArray, Progress } from '../../core/types.js';
import { OPTIMIZERS, type OptimizerName, type OptimizerState } from './optimizers/index.js';

/** One stage: a latent of `size` pixels, so many closures of the optimizer with a schedule of its step size. */
export interface Stage {
  /** [height, width] of the latent; the pictures are its bicubic upsampling. */
  readonly size: readonly [number, number];
  readonly closures: number;
  /** Step size at the start and at the end of the stage. */
  readonly rate: readonly [from: number, to: number];
  /** How it falls: along a cosine (default), or by ten at 3/8, 5/8 and 7/8 of the closures (`from` alone counts). */
  readonly decay?: keyof typeof DECAYS;
  /** Closures over which the step size first rises from 0; default 0. */
  readonly warmup?: number;
}

/** Value and gradient of the whole objective at pictures [batch, h, w, c], and at the logits of soft labels. */
export type Evaluate = (images: NdArray, logits?: NdArray, stage?: number) => Promise<Evaluation>;

export interface Evaluation {
  readonly objective: number;
  readonly gradient: NdArray;
  /** With respect to the logits. */
  readonly logitsGradient?: NdArray;
}

/** What {@link minimise} searches. */
export interface Search {
  readonly evaluate: Evaluate;
  readonly stages: readonly Stage[];
  /** [height, width] of the pictures. */
  readonly size: readonly [number, number];
  /** The first stage's latent [batch, h, w, c]; default of the recipes: uniform or gray. */
  readonly start: NdArray;
  /** Logits of soft labels [batch, classes], searched together with the pictures; default none. */
  readonly logits?: NdArray;
  /** Further starting points, searched one after the other; the best of all by the objective is kept. Default none. */
  readonly restarts?: readonly Pick<Search, 'start' | 'logits'>[];
  /** Search from all starting points at once, closure by closure; not where states are saved. Default false. */
  readonly sideBySide?: boolean;
  /** The part of all pictures that progress shows; default all. */
  readonly shown?: (images: NdArray) => NdArray;
  /** Closures that one evaluation stands for; default 1. */
  readonly evaluations?: number;
  /** Clamp the latent to this range after every step. */
  readonly box?: readonly [number, number];
  /** Give the optimizer the sign of the gradient only (Geiping et al. 2020). */
  readonly signed?: boolean;
  /** Default `adam`. */
  readonly optimizer?: OptimizerName;
}

/** The complete state of a search between two closures: everything a killed run needs to go on to the same result. */
export interface SearchState {
  readonly restart: number;
  readonly stage: number;
  readonly step: number;
  readonly latent: NdArray;
  readonly logits?: NdArray;
  /** Pictures from which something was last found anew between two closures; see Problem in run.ts. */
  readonly anchor?: NdArray;
  readonly optimizer: OptimizerState;
  readonly best: { readonly objective: number; readonly images: NdArray; readonly logits?: NdArray };
  readonly history: readonly HistoryPoint[];
  readonly seconds: number;
  /** The optimizer found nothing left to gain before its closures were spent. */
  readonly converged: boolean;
}

export const searchStart = (search: Search): SearchState => ({
  ...begin(search, 0),
  best: { objective: Number.POSITIVE_INFINITY, images: search.start, logits: search.logits },
  history: [],
  seconds: 0,
});

/** The first stage, from one of the starting points. */
function begin(search: Search, restart: number): Omit<SearchState, 'best' | 'history' | 'seconds'> {
  const { start, logits } = restart === 0 ? search : search.restarts![restart - 1]!;
  const optimizer = optimizerStart(search, start);
  return { restart, stage: 0, step: 0, latent: start, logits, optimizer, converged: false };
}

const optimizerStart = ({ optimizer = 'adam', logits }: Search, latent: NdArray): OptimizerState =>
  OPTIMIZERS[optimizer].start(latent.data.length + (logits?.data.length ?? 0));

/**
 * The one optimizer loop, over a sequence of latents, coarse to fine; each stage starts from the last one's latent,
 * resampled. Keeps the best pictures by the objective. Yields the state after every closure.
 * @param run when to stop and where to save; default: to the end
 * @param between what happens before a closure to the state after the last one
 */
export async function* minimise(
  search: Search,
  from: SearchState = searchStart(search),
  run: Pick<Steps<SearchState>, 'stop' | 'save' | 'saveEvery'> = {},
  between: (state: SearchState) => Promise<SearchState> = async (state) => state,
): AsyncGenerator<SearchState, void> {
  if (search.sideBySide && search.restarts?.length) return yield* besideEachOther(search, from, run);
  yield* resumable(from, {
    ...run,
    step: async (state, seconds) => advance(search, ready(search, await between(state))!, seconds),
    isLast: (state) => isLast(search, state),
  });
}

/** Every state is the latest of one starting point, with the best and the history of all. */
async function* besideEachOther(
  { restarts = [], ...search }: Search,
  from: SearchState,
  { stop }: Pick<Steps<SearchState>, 'stop'>,
): AsyncGenerator<SearchState, void> {
  const lanes = [search, ...restarts].map((start) => {
    const own = { ...search, ...start };
    return minimise(own, { ...searchStart(own), seconds: from.seconds }, { stop });
  });
  let { best, history } = from;
  for (let going = lanes; going.length > 0; ) {
    const round = await Promise.all(going.map(async (lane) => ({ lane, ...(await lane.next()) })));
    going = round.filter(({ done }) => !done).map(({ lane }) => lane);
    for (const { value: state } of round) {
      if (!state) continue;
      const closure = (history.length + 1) * (search.evaluations ?? 1);
      history = [...history, { ...state.history.at(-1)!, closure }];
      if (state.best.objective < best.objective) best = state.best;
      yield { ...state, restart: restarts.length, best, history };
    }
  }
}

/** Whether no closure follows a state. */
export const isLast = (search: Search, state: SearchState): boolean => ready(search, state) === undefined;

/** The state before its next closure, in the next stage or from the next starting point where one is through. */
function ready(search: Search, state: SearchState): SearchState | undefined {
  const { stages, restarts = [] } = search;
  const { restart, stage, step, converged } = state;
  if (step < stages[stage]!.closures && !converged) return state;
  if (stage + 1 < stages.length) return ready(search, enter(search, stage + 1, state));
  return restart < restarts.length ? ready(search, { ...state, ...begin(search, restart + 1) }) : undefined;
}

function enter(search: Search, stage: number, state: SearchState): SearchState {
  const latent = resample(state.latent, search.stages[stage]!.size);
  return { ...state, stage, step: 0, latent, optimizer: optimizerStart(search, latent), converged: false };
}

async function advance(search: Search, state: SearchState, clock: () => number): Promise<SearchState> {
  const stage = search.stages[state.stage]!;
  const images = resample(state.latent, search.size);
  const { objective, gradient, logitsGradient } = await search.evaluate(images, state.logits, state.stage);
  const pulled = resampleAdjoint(gradient, stage.size);
  const joined = joinUp(pulled.data, logitsGradient?.data);
  const x = joinUp(state.latent.data, state.logits?.data);
  const moved = OPTIMIZERS[search.optimizer ?? 'adam'].step(
    { x, value: objective, gradient: search.signed ? joined.map(Math.sign) : joined },
    state.optimizer,
    rateAt(stage, state.step),
  );
  const pixels = moved.x.subarray(0, state.latent.data.length);
  const seconds = clock();
  const closure = (state.history.length + 1) * (search.evaluations ?? 1);
  return {
    restart: state.restart,
    stage: state.stage,
    step: state.step + 1,
    latent: { shape: state.latent.shape, data: boxed(pixels, search.box) },
    logits: state.logits && { shape: state.logits.shape, data: moved.x.slice(pixels.length) },
    ...(state.anchor && { anchor: state.anchor }),
    optimizer: moved.state,
    best: objective < state.best.objective ? { objective, images, logits: state.logits } : state.best,
    history: [...state.history, { closure, objective, seconds }],
    seconds,
    converged: moved.converged ?? false,
  };
}

function joinUp(a: Float32Array, b?: Float32Array): Float32Array {
  if (!b) return a;
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

const boxed = (data: Float32Array, box?: readonly [number, number]): Float32Array =>
  box ? data.map((value) => Math.min(box[1], Math.max(box[0], value))) : data.slice();

const DECAYS = {
  cosine: ([from, to]: Stage['rate'], at: number) => to + (from - to) * halfCosine(at),
  steps: ([from]: Stage['rate'], at: number) => from * 0.1 ** [3 / 8, 5 / 8, 7 / 8].filter((mark) => at >= mark).length,
};

const rateAt = ({ rate, closures, decay = 'cosine', warmup = 0 }: Stage, step: number): number =>
  DECAYS[decay](rate, step / closures) * Math.min(1, (step + 1) / (warmup + 1));

/** The closures of a whole search, from all starting points. */
export const closuresIn = ({ stages, restarts = [], evaluations = 1 }: Omit<Search, 'evaluate'>): number =>
  stages.reduce((sum, { closures }) => sum + closures, 0) * (1 + restarts.length) * evaluations;

export function asProgress(search: Search, state: SearchState): Progress {
  const total = closuresIn(search);
  const closure = state.history.at(-1)?.closure ?? 0;
  return {
    closure,
    total,
    objective: state.history.at(-1)?.objective ?? Number.POSITIVE_INFINITY,
    seconds: state.seconds,
    secondsLeft: secondsLeft(state.seconds, closure, total),
    images: () => clamped(shown(search, state)),
  };
}

/** A line search tries points that it may not take: of those the best so far is shown. */
function shown({ optimizer, size, shown: part = (images) => images }: Search, { latent, best }: SearchState): NdArray {
  return part(optimizer === 'lbfgs' ? best.images : resample(latent, size));
}

/** Pictures brought back to [0, 1], as every reconstruction is before it is shown or scored. */
export const clamped = ({ shape, data }: NdArray): NdArray => ({
  shape,
  data: data.map((value) => Math.min(1, Math.max(0, value))),
});

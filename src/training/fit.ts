import { type HeldCheckpoint, withCheckpoint } from '../assets/index.js';
import { problem } from '../core/errors.js';
import { deriveSeed } from '../core/random.js';
import { resumable, secondsLeft } from '../core/resumable.js';
import { interrupts } from '../engine/index.js';
import { averagedOf, move, restore, type State, save } from './state.js';
import { compileStep, type TrainingStep } from './step.js';
import { indicesOf, type Orders, type Plan, planOf, rateOf } from './training-plan.js';
import type { FitOptions, FitProgress, Fitted } from './types.js';

/**
 * fit({ name, parameters, loss, data, epochs }) -> { parameters, history, ... }
 *
 * Minimises the mean of `loss` over `data` by stochastic gradient descent. Loss and gradients are traced once and
 * run as one compiled step; the optimizer moves the weights between two of them (1 to 3 % of a step's time).
 * Everything is a function of the options and the seed: a training killed at any time and started again ends with the
 * same bits, on the same engine with the same number of threads.
 * A notebook's interrupt ends it after the running step, like `signal`: the result then says `cancelled`.
 * @throws too few samples for one batch, a loss that is no number any more, a checkpoint of other settings, or held by
 * another run
 * @example
 * const { parameters } = await rog.train.fit({
 *   name: 'line', parameters: [{ name: 'w', shape: [2, 1], data: new Float32Array(2) }],
 *   loss: ([w], [x, y]) => ({ loss: tf.mean(tf.squaredDifference(tf.matMul(x, w), y)) }),
 *   data: { size: 100, batch: (indices) => [pick(x, indices), pick(y, indices)] }, epochs: 10 });
 */
export async function fit(options: FitOptions): Promise<Fitted> {
  const plan = planOf(options);
  const interrupt = interrupts(plan.where, { signal: options.signal });
  try {
    return await withCheckpoint(options.checkpoint, async (held) => {
      const start = await restore(options, plan, held);
      const step = await compileStep(options, plan);
      try {
        return { ...(await loop(options, plan, start, step, interrupt.hit, held)), engine: step.engine };
      } finally {
        step.dispose();
      }
    });
  } finally {
    interrupt.release();
  }
}

async function loop(
  options: FitOptions,
  plan: Plan,
  start: State,
  step: TrainingStep,
  stop: () => boolean,
  held?: HeldCheckpoint,
) {
  const { checkpointSeconds = 30 } = options;
  const orders: Orders = new Map();
  const run = resumable(start, {
    step: (at, seconds) => advance(options, plan, at, step, seconds, orders),
    isLast: (at) => at.step >= plan.total,
    stop,
    save: held && ((at) => save(held, plan, at)),
    saveEvery: checkpointSeconds,
    keep: (at) => epochEnds(plan, at),
  });
  let state = start;
  for await (state of run) options.onProgress?.(progressOf(options, plan, state));
  const stopped = state.step < plan.total ? 'cancelled' : 'finished';
  const { parameters, history, step: steps, seconds } = state;
  const averaged = averagedOf(state, plan);
  return { parameters, ...(averaged && { averaged }), history, steps, seconds, stopped } as const;
}

const epochEnds = ({ perEpoch }: Plan, { step }: State): boolean => step % perEpoch === 0;

/** One step of the optimizer, and at an epoch's end the point of the curve. */
async function advance(
  options: FitOptions,
  plan: Plan,
  state: State,
  { run }: TrainingStep,
  seconds: () => number,
  orders: Orders,
): Promise<State> {
  const { step } = state;
  const indices = indicesOf(step, options.data.size, plan, orders);
  const batch = await options.data.batch(indices, deriveSeed(plan.seed, 'step', step));
  const { losses, gradients } = await run(state.parameters, batch);
  if (!Number.isFinite(losses.loss))
    throw problem(plan.where, `the loss at step ${step} is no number`, losses.loss, 'lower the learning rate or clip');
  const before = epochEnds(plan, state) ? {} : state.sums;
  const sums = Object.fromEntries(Object.entries(losses).map(([key, value]) => [key, value + (before[key] ?? 0)]));
  const next = { ...state, ...move(state, gradients, plan), step: step + 1, sums, seconds: seconds() };
  if (!epochEnds(plan, next)) return next;
  const validation = (await options.validate?.(averagedOf(next, plan) ?? next.parameters)) ?? {};
  const point = { epoch: next.step / plan.perEpoch, losses: means(plan, next), validation, seconds: seconds() };
  return { ...next, history: [...state.history, point], seconds: point.seconds };
}

/** Means of the losses over the epoch so far. */
function means({ perEpoch }: Plan, { sums, step }: State): Record<string, number> {
  const count = ((step - 1) % perEpoch) + 1;
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count]));
}

const progressOf = ({ name, epochs }: FitOptions, plan: Plan, state: State): FitProgress => ({
  name,
  epoch: Math.floor((state.step - 1) / plan.perEpoch),
  epochs,
  step: state.step,
  total: plan.total,
  rate: rateOf(plan, state.step - 1),
  losses: means(plan, state),
  history: state.history,
  seconds: state.seconds,
  secondsLeft: secondsLeft(state.seconds, state.step, plan.total),
});

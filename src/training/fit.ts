import { problem } from '../core/errors.js';
import { deriveSeed } from '../core/random.js';
import { indicesOf, type Plan, planOf } from './plan.js';
import { move, restore, type State, save } from './state.js';
import { compileStep, type TrainingStep } from './step.js';
import type { FitOptions, Fitted } from './types.js';

/**
 * fit({ name, parameters, loss, data, epochs }) -> { parameters, history, ... }
 *
 * Minimises the mean of `loss` over `data` by stochastic gradient descent. Loss and gradients are traced once and
 * run as one compiled step; the optimizer moves the weights between two of them (a few percent of a step).
 * Everything is a function of the options and the seed: a training killed at any time and started again ends with the
 * same bits, on the same engine with the same number of threads.
 * Errors: too few samples for one batch, a loss that is no number any more, a checkpoint of other settings.
 * @example
 * const { parameters } = await fit({ name: 'line', parameters: [{ name: 'w', shape: [2, 1], data: new Float32Array(2) }],
 *   loss: ([w], [x, y]) => ({ loss: tf.mean(tf.squaredDifference(tf.matMul(x, w), y)) }),
 *   data: { size: 100, batch: (indices) => [rows(x, indices), rows(y, indices)] }, epochs: 10 });
 */
export async function fit(options: FitOptions): Promise<Fitted> {
  const plan = planOf(options);
  const start = await restore(options, plan);
  const step = await compileStep(options, plan);
  try {
    return { ...(await loop(options, plan, start, step)), engine: step.engine };
  } finally {
    step.dispose();
  }
}

async function loop(options: FitOptions, plan: Plan, start: State, { run }: TrainingStep) {
  const { data, validate, signal, onProgress, checkpointSeconds = 30 } = options;
  const { total, perEpoch, where } = plan;
  const orders = new Map<number, number[]>();
  const began = performance.now() - 1000 * start.seconds;
  const seconds = (): number => (performance.now() - began) / 1000;
  let state = start;
  let saved = performance.now();
  while (state.step < total && !signal?.aborted) {
    const { step } = state;
    const indices = indicesOf(step, data.size, plan, orders);
    const batch = await data.batch(indices, deriveSeed(plan.seed, 'step', step));
    const { losses, gradients } = await run(state.parameters, batch);
    if (!Number.isFinite(losses.loss))
      throw problem(where, `the loss at step ${step} is no number`, losses.loss, 'lower the learning rate or clip');
    const rate = plan.schedule.at(step / total);
    const moved = move(state, gradients, rate, plan);
    const fresh = step % perEpoch === 0;
    const sums = Object.fromEntries(
      Object.entries(losses).map(([key, value]) => [key, value + (fresh ? 0 : state.sums[key]!)]),
    );
    state = { ...state, ...moved, step: step + 1, sums, seconds: seconds() };
    const means = divided(sums, (step % perEpoch) + 1);
    const ends = state.step % perEpoch === 0;
    if (ends) {
      const validation = (await validate?.(state.parameters)) ?? {};
      const point = { epoch: state.step / perEpoch, losses: means, validation, seconds: seconds() };
      state = { ...state, history: [...state.history, point] };
    }
    const secondsLeft = (state.seconds / state.step) * (total - state.step);
    const { history } = state;
    const epoch = Math.floor(step / perEpoch);
    const place = { name: options.name, epoch, epochs: options.epochs, step: state.step, total };
    onProgress?.({ ...place, rate, losses: means, history, seconds: seconds(), secondsLeft });
    if (options.checkpoint && (ends || performance.now() - saved > 1000 * checkpointSeconds)) {
      await save(options.checkpoint, plan, state);
      saved = performance.now();
    }
  }
  const finished = state.step >= total;
  if (options.checkpoint && !finished) await save(options.checkpoint, plan, state);
  const { parameters, history, step: steps } = state;
  return { parameters, history, steps, seconds: state.seconds, stopped: finished ? 'finished' : 'cancelled' } as const;
}

const divided = (sums: Readonly<Record<string, number>>, count: number): Record<string, number> =>
  Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count]));

import { problem } from '../core/errors.js';
import { checkOptions, integer, number } from '../core/options.js';
import { deriveSeed, permutation } from '../core/random.js';
import { type Optimizer, sgd } from './optimizers.js';
import { type Schedule, steady } from './schedules.js';
import type { FitOptions } from './types.js';

const OPTIONS = (
  'name parameters loss constants data epochs batchSize seed optimizer schedule clip ' +
  'average validate checkpoint checkpointSeconds settings threads signal onProgress'
).split(' ');

/** The checked options of a training, and what follows from them. */
export interface Plan {
  readonly where: string;
  readonly batchSize: number;
  readonly perEpoch: number;
  readonly total: number;
  readonly seed: number;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  readonly clip: number;
  readonly average: number;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** @throws unknown options, numbers out of range, too few samples for one batch */
export function planOf(options: FitOptions): Plan {
  checkOptions('fit', options, OPTIONS);
  const { name, parameters, data, epochs, batchSize = 64, seed = 1, clip = Number.POSITIVE_INFINITY } = options;
  const { optimizer = sgd(), schedule = steady(0.01), average = 0 } = options;
  const where = `fit ${name}`;
  integer(where, 'epochs', epochs, 1);
  integer(where, 'batchSize', batchSize, 1);
  if (!(average >= 0 && average < 1)) throw problem(where, 'average must lie in [0, 1)', average);
  if (!(clip > 0)) throw problem(where, 'clip must be above 0', clip);
  number(where, 'checkpointSeconds', options.checkpointSeconds ?? 30, 0, Number.POSITIVE_INFINITY);
  const perEpoch = Math.floor(data.size / batchSize);
  if (perEpoch < 1)
    throw problem(where, `one batch of ${batchSize} needs as many samples`, data.size, 'use a smaller batchSize');
  const settings = {
    name,
    epochs,
    batchSize,
    seed,
    clip,
    optimizer: optimizer.name,
    schedule: schedule.name,
    samples: data.size,
    parameters: Object.fromEntries(parameters.map((p) => [p.name, p.shape.join('x')])),
    ...(average > 0 && { average }),
    ...options.settings,
  };
  return { where, batchSize, perEpoch, total: perEpoch * epochs, seed, optimizer, schedule, clip, average, settings };
}

/** Learning rate of step number `step`, from 0. */
export const rateOf = ({ schedule, total }: Plan, step: number): number => schedule.at(step / total);

/** The order of the current epoch, kept between its steps. */
export type Orders = Map<number, readonly number[]>;

/** Samples of step number `step`: the next ones in this epoch's order. */
export function indicesOf(
  step: number,
  size: number,
  { perEpoch, batchSize, seed }: Plan,
  orders: Orders,
): readonly number[] {
  const epoch = Math.floor(step / perEpoch);
  if (!orders.has(epoch)) {
    orders.clear();
    orders.set(epoch, permutation(size, deriveSeed(seed, 'epoch', epoch)));
  }
  const from = (step % perEpoch) * batchSize;
  return orders.get(epoch)!.slice(from, from + batchSize);
}

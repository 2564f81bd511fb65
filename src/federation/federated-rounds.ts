import { type HeldCheckpoint, withCheckpoint } from '../assets/index.js';
import { breath } from '../core/breath.js';
import { deriveSeed } from '../core/random.js';
import { resumable, secondsLeft } from '../core/resumable.js';
import { settled } from '../core/settled.js';
import type { Model, NamedArray } from '../core/types.js';
import { type Dataset, imagesInTurns } from '../data/index.js';
import { type Evaluator, evaluator } from './evaluate.js';
import { cohortOf, type FederationOptions, type FederationPlan, federationPlan } from './federation-plan.js';
import { drawBatches, type LocalResult, type LocalSettings, type LocalTask } from './local-training.js';
import { begin, type FederationState, type RoundPoint, restoreFederation, saveFederation } from './saved-federation.js';
import { averageUpdates } from './server.js';

/** A client's round, done somewhere: its training, and phi on its update with a seed of its own. */
export type ClientWork = (task: LocalTask, phiSeed: number) => Promise<LocalResult>;

/** What a federated training gave. */
export interface Federated {
  readonly model: Model;
  readonly history: readonly RoundPoint[];
  readonly rounds: number;
  /** Of all runs together, when it was resumed. */
  readonly seconds: number;
  readonly engine: string;
  readonly stopped: 'finished' | 'cancelled';
}

/**
 * Rounds of federated averaging: a cohort of clients trains locally from w, the server averages their (obfuscated)
 * updates and moves on:
 *
 *     m = serverMomentum m + mean_c phi(delta_c);   w = w - serverLearningRate learningRate(round) m
 *
 * The mean is weighted by the clients' images, or not (`average: 'equal'`). Everything is a function of the options and
 * the seed: killed at any time and started again with the same checkpoint file it ends with the same bits, on the same
 * engine.
 * @param clients positions of each client's images in the train split, see partition()
 * @param work does one client's round; several are asked for at a time
 * Source: McMahan et al. 2017, algorithm 1; Hsu et al. 2019 (server momentum).
 */
export async function federatedRounds(
  model: Model,
  data: Dataset,
  clients: readonly (readonly number[])[],
  options: FederationOptions,
  work: ClientWork,
): Promise<Federated> {
  const plan = federationPlan(model, data, clients, options);
  return withCheckpoint(options.checkpoint, (held) => rounds({ model, data, clients, options, plan, work, held }));
}

/** All rounds, from the checkpoint on. */
async function rounds(given: Omit<Federation, 'judge'> & { readonly model: Model }): Promise<Federated> {
  const { model, plan, options, held } = given;
  const judge = await evaluator(model);
  try {
    const settings = { ...plan.settings, engine: judge.engine };
    const start = (await restoreFederation(held, settings, model)) ?? begin(model);
    const end = await loop({ ...given, plan: { ...plan, settings }, judge }, start);
    const { round, seconds, history, weights } = end;
    const stopped = round >= options.rounds ? 'finished' : 'cancelled';
    return { model: { ...model, parameters: weights }, history, rounds: round, seconds, engine: judge.engine, stopped };
  } finally {
    judge.dispose();
  }
}

/** All that stays the same from round to round. */
interface Federation {
  readonly data: Dataset;
  readonly clients: readonly (readonly number[])[];
  readonly options: FederationOptions;
  readonly plan: FederationPlan;
  readonly work: ClientWork;
  readonly judge: Evaluator;
  readonly held?: HeldCheckpoint;
}

async function loop(federation: Federation, start: FederationState): Promise<FederationState> {
  const { data, options, plan, judge, held } = federation;
  const { rounds, signal, onRound } = options;
  const steps = resumable(start, {
    step: async (at, seconds) => {
      const { loss, ...moved } = await oneRound(federation, at);
      const round = at.round + 1;
      const last = round === rounds;
      const due = last || round % plan.evaluateEvery === 0;
      const accuracy = due ? await judge.run(moved.weights, plan.testIndices(last), data) : undefined;
      const point: RoundPoint = { round, loss, seconds: seconds(), ...(accuracy !== undefined && { accuracy }) };
      return { ...moved, round, seconds: point.seconds, history: [...at.history, point] };
    },
    isLast: (at) => at.round >= rounds,
    stop: () => signal?.aborted ?? false,
    save: held && ((at) => saveFederation(held, plan.settings, at)),
    saveEvery: plan.checkpointSeconds,
    keep: (at) => at.round === rounds,
  });
  let state = start;
  for await (state of steps) {
    const { round, seconds, history, weights } = state;
    const left = secondsLeft(seconds, round, rounds);
    await onRound?.({ ...history.at(-1)!, rounds, history, secondsLeft: left, weights });
  }
  return state;
}

/** Cohort, local training, mean, step of the server. */
async function oneRound(
  { data, clients, options, plan, work }: Federation,
  state: FederationState,
): Promise<Pick<FederationState, 'weights' | 'momentum'> & { readonly loss: number }> {
  const { round, weights } = state;
  const learningRate = plan.rate(round);
  const cohort = cohortOf(clients.length, options.cohort, plan.seed, round);
  const results = await settled(
    cohort.map(async (client) => {
      const seed = deriveSeed(plan.seed, 'client', round, client);
      const task = await taskOf(data, clients[client]!, plan.local, seed);
      return work({ ...task, weights, learningRate, seed }, deriveSeed(seed, 'phi'));
    }),
  );
  const loss = results.reduce((sum, result) => sum + result.loss, 0) / results.length;
  const shares = plan.average === 'images' ? cohort.map((client) => clients[client]!.length) : undefined;
  const means: NamedArray[] = [];
  for (const k of weights.keys()) {
    const parts = results.map(({ tensors }) => [tensors[k]!]);
    means.push(...averageUpdates(parts, shares));
    await breath();
  }
  return { loss, ...(await move(state, means, plan.serverMomentum, plan.serverLearningRate * learningRate)) };
}

/** The images that a client uses in its local steps, read only now, and which of them in which step. */
async function taskOf(
  data: Dataset,
  positions: readonly number[],
  local: LocalSettings,
  seed: number,
): Promise<Pick<LocalTask, 'images' | 'labels' | 'batches'>> {
  const drawn = drawBatches(positions.length, local, seed);
  const used = [...new Set(drawn.flat())];
  const place = new Map(used.map((row, i) => [row, i]));
  const indices = used.map((row) => positions[row]!);
  const images = await imagesInTurns(data, 'train', indices);
  const labels = data.labels('train', indices);
  return { images, labels, batches: drawn.map((rows) => rows.map((row) => place.get(row)!)) };
}

/** The server's step; arithmetic in float64, results in float32. */
async function move(
  { weights, momentum }: FederationState,
  mean: readonly NamedArray[],
  beta: number,
  rate: number,
): Promise<Pick<FederationState, 'weights' | 'momentum'>> {
  const [next, moved]: [NamedArray[], NamedArray[]] = [[], []];
  for (const [k, { data: delta }] of mean.entries()) {
    const kept = momentum[k]!.data.map((m, i) => beta * m + delta[i]!);
    next.push({ ...momentum[k]!, data: kept });
    await breath();
    moved.push({ ...weights[k]!, data: weights[k]!.data.map((w, i) => w - rate * kept[i]!) });
    await breath();
  }
  return { weights: moved, momentum: beta === 0 ? momentum : next };
}

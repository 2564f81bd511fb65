import { problem } from '../core/errors.js';
import { fingerprint } from '../core/hash.js';
import { halfCosine } from '../core/numbers.js';
import { checkOptions, integer, number, oneOf } from '../core/options.js';
import { deriveSeed, permutation } from '../core/random.js';
import type { ClientPrivacy, Model, NamedArray } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import type { LocalSettings } from './local-training.js';
import { checkPrivacy, isAccounted } from './private-settings.js';
import type { RoundPoint } from './saved-federation.js';

export interface FederationOptions {
  readonly rounds: number;
  /** What `work` does to each update, in short form: part of the checkpoint's settings. Default `none`. */
  readonly phi?: string;
  /** Clients that take part in a round, drawn anew for each. */
  readonly cohort: number;
  /** tau; default 1. */
  readonly localSteps?: number;
  /** Images per local step; default 32. A client with fewer uses all it has. */
  readonly batchSize?: number;
  /** Of the clients' plain SGD; default 0.05. */
  readonly learningRate?: number;
  /** `steady` (default), or `cosine`: the rate falls to 0 over the rounds. */
  readonly schedule?: keyof typeof SCHEDULES;
  /** Default 1: the server takes the mean as it is. */
  readonly serverLearningRate?: number;
  /** Default 0. */
  readonly serverMomentum?: number;
  /** Clients count by their `images` (default) or `equal`. */
  readonly average?: 'images' | 'equal';
  /** Mirror training images at random; default true. */
  readonly flip?: boolean;
  /** Clip each example's gradient to a norm and add noise to every local step (DP-SGD, Fed-CDP, the talk). */
  readonly privacy?: ClientPrivacy;
  /** Default 1. */
  readonly seed?: number;
  /** Rounds between two points of the accuracy curve; default only the last. */
  readonly evaluateEvery?: number;
  /** Test images for the curve, at most; default 1000. The last round is evaluated on `finalImages`. */
  readonly evaluateImages?: number;
  /** Test images for the last point, at most; default all. */
  readonly finalImages?: number;
  /** File to which the training is saved and from which it goes on, if it exists. Default none. */
  readonly checkpoint?: string;
  /** Seconds between two checkpoints; default 30; 0: after every round. */
  readonly checkpointSeconds?: number;
  /** Stops after the running round, saves, and returns what there is. */
  readonly signal?: AbortSignal;
  /** Called after every round, before it is saved; waited for. */
  readonly onRound?: (progress: RoundProgress) => void | Promise<void>;
}

/** Where a federated training is: after every round. */
export interface RoundProgress extends RoundPoint {
  readonly rounds: number;
  readonly history: readonly RoundPoint[];
  readonly secondsLeft: number;
  /** As it is after the round. */
  readonly weights: readonly NamedArray[];
}

/** Share of the learning rate at a share of the way. */
const SCHEDULES = { steady: () => 1, cosine: halfCosine };

const FEDERATION_OPTIONS = [
  ...['rounds', 'phi', 'cohort', 'localSteps', 'batchSize', 'learningRate', 'schedule', 'serverLearningRate'],
  ...['serverMomentum', 'average', 'flip', 'privacy', 'seed', 'evaluateEvery', 'evaluateImages', 'finalImages'],
  ...['checkpoint', 'checkpointSeconds', 'signal', 'onRound'],
];

/** Checked options, and what follows from them. */
export interface FederationPlan {
  readonly local: LocalSettings;
  readonly seed: number;
  readonly average: 'images' | 'equal';
  readonly serverMomentum: number;
  readonly serverLearningRate: number;
  readonly evaluateEvery: number;
  readonly checkpointSeconds: number;
  readonly rate: (round: number) => number;
  readonly testIndices: (last: boolean) => number[];
  /** Everything that decides the result, for the checkpoint. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Which of `count` clients take part in a round (from 0): as many as `cohort`, drawn without repetition. */
export const cohortOf = (count: number, cohort: number, seed: number, round: number): number[] =>
  permutation(count, deriveSeed(seed, 'cohort', round)).slice(0, cohort);

/** The clients' part of the options, with defaults. */
export const localSettings = (options: FederationOptions): LocalSettings => ({
  localSteps: options.localSteps ?? 1,
  batchSize: options.batchSize ?? 32,
  flip: options.flip ?? true,
  ...(options.privacy && { privacy: options.privacy }),
});

/** @throws unknown options, numbers out of range, more clients per round than there are, a client without images */
export function federationPlan(
  model: Model,
  data: Dataset,
  clients: readonly (readonly number[])[],
  options: FederationOptions,
): FederationPlan {
  const where = 'federate';
  checkOptions(where, options, FEDERATION_OPTIONS);
  const {
    rounds,
    phi = 'none',
    cohort,
    learningRate = 0.05,
    schedule = 'steady',
    average = 'images',
    seed = 1,
  } = options;
  const { serverLearningRate = 1, serverMomentum = 0, checkpointSeconds = 30 } = options;
  const { evaluateImages = 1000, finalImages = data.sizes.test } = options;
  const local = localSettings(options);
  for (const [name, value] of Object.entries({
    rounds,
    cohort,
    localSteps: local.localSteps,
    batchSize: local.batchSize,
  }))
    integer(where, name, value, 1);
  const evaluateEvery = integer(where, 'evaluateEvery', options.evaluateEvery ?? rounds, 1);
  for (const [name, value] of Object.entries({ learningRate, serverLearningRate }))
    number(where, name, value, 0, Number.POSITIVE_INFINITY, true);
  if (!(serverMomentum === 0)) number(where, 'serverMomentum', serverMomentum, 0, 1, true);
  oneOf(where, 'schedule', schedule, Object.keys(SCHEDULES) as (keyof typeof SCHEDULES)[]);
  oneOf(where, 'average', average, ['images', 'equal']);
  integer(where, 'seed', seed, 0);
  integer(where, 'evaluateImages', evaluateImages, 1);
  integer(where, 'finalImages', finalImages, 1);
  number(where, 'checkpointSeconds', checkpointSeconds, 0, Number.POSITIVE_INFINITY);
  if (local.privacy) checkPrivacy(where, local.privacy, model);
  checkClients(where, clients, cohort);
  const smallest = Math.min(...clients.map((positions) => positions.length));
  if (local.privacy && isAccounted(local.privacy) && local.batchSize > smallest)
    throw problem(where, `with privacy batchSize must not exceed the smallest client (${smallest})`, local.batchSize);
  const order = permutation(data.sizes.test, deriveSeed(seed, 'test'));
  const settings = {
    rounds,
    phi,
    cohort,
    ...local,
    learningRate,
    schedule,
    serverLearningRate,
    serverMomentum,
    average,
    seed,
    evaluateEvery,
    evaluateImages,
    finalImages,
    data: data.name,
    clients: fingerprint(clients.map((positions) => Float64Array.from(positions))),
    model: model.name,
    layers: model.layers,
    start: fingerprint(model.parameters.map(({ data }) => data)),
  };
  return {
    local,
    seed,
    average,
    serverMomentum,
    serverLearningRate,
    evaluateEvery,
    checkpointSeconds,
    settings,
    rate: (round) => learningRate * SCHEDULES[schedule](round / rounds),
    testIndices: (last) => order.slice(0, last ? finalImages : evaluateImages),
  };
}

function checkClients(where: string, clients: readonly (readonly number[])[], cohort: number): void {
  if (cohort > clients.length) {
    const fix = 'lower cohort or make more clients';
    throw problem(where, `a round of ${cohort} clients needs as many`, clients.length, fix);
  }
  const empty = clients.findIndex((positions) => positions.length === 0);
  if (empty >= 0)
    throw problem(where, `client ${empty} has no images`, undefined, 'use fewer clients or another partition');
}

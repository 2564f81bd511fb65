import { problem } from '../core/errors.js';
import { checkFrozen } from '../core/frozen.js';
import { checked } from '../core/option-table.js';
import { integer, number } from '../core/options.js';
import { deriveSeed, permutation } from '../core/random.js';
import type { ClientSettings, Model } from '../core/types.js';
import { computesOnCard } from '../engine/index.js';
import { checkOptimizer, isPlainSgd } from './client-optimizers.js';
import { CLIENT_TABLE, type ClientOptions, SCHEDULES } from './client-options.js';
import { checkPrivacy } from './private-settings.js';

/**
 * Checked client settings with their defaults.
 * @param model where it is at hand: whether it has the layers that are named
 * @throws what is out of range, or does not go together
 */
export function clientSettings(
  where: string,
  batchSize: number,
  options: ClientOptions,
  model?: Pick<Model, 'parameters'>,
): ClientSettings {
  const { learningRate, seed, ...said } = checked(where, options, CLIENT_TABLE);
  const { miniBatch = batchSize, order = 'cyclic', schedule = 'constant' } = said;
  integer(where, 'the batch size', batchSize, 1);
  integer(where, 'miniBatch', miniBatch, 1, batchSize);
  const localSteps = stepCount(where, batchSize, miniBatch, options);
  const optimizer = checkOptimizer(where, options.optimizer ?? 'sgd');
  const frozen = options.frozen && checkFrozen(where, options.frozen, model);
  const privacy = options.privacy && checkPrivacy(where, options.privacy);
  const round = { batchSize, localSteps, learningRate, miniBatch, optimizer };
  const settings: ClientSettings = {
    ...round,
    ...(hasOrder({ batchSize, miniBatch, order }) && {
      order: orderOf(where, order, batchSize, miniBatch, localSteps, seed),
    }),
    ...((localSteps > 1 || schedule !== 'constant') && { schedule: factorsOf(where, schedule, localSteps) }),
    ...(frozen && { frozen }),
    ...(said.labelSmoothing && { labelSmoothing: said.labelSmoothing }),
    ...(privacy && { privacy }),
  };
  if (privacy && !isPlainSgd(optimizer))
    throw problem(
      where,
      'privacy goes with plain SGD, mini-batches in order or shuffled, and any schedule',
      options.optimizer,
      'leave optimizer out',
    );
  return settings;
}

function stepCount(where: string, batchSize: number, miniBatch: number, options: ClientOptions): number {
  const { epochs, order } = options;
  if (epochs !== undefined && options.localSteps !== undefined)
    throw problem(where, 'give localSteps or epochs, not both', [options.localSteps, epochs]);
  if (epochs !== undefined) return epochs * Math.ceil(batchSize / miniBatch);
  const steps = Array.isArray(order) ? order.length : 1;
  return integer(where, 'localSteps', options.localSteps ?? steps, 1);
}

const hasOrder = ({
  batchSize,
  miniBatch,
  order,
}: Pick<ClientSettings, 'batchSize' | 'miniBatch'> & { order: unknown }) =>
  miniBatch < batchSize || Array.isArray(order);

function orderOf(
  where: string,
  order: NonNullable<ClientOptions['order']>,
  batchSize: number,
  miniBatch: number,
  localSteps: number,
  seed: number,
): NonNullable<ClientSettings['order']> {
  if (order === 'cyclic') return 'cyclic';
  if (order !== 'shuffled') return checkOrder(where, order, batchSize, localSteps);
  return rowsOfSteps(batchSize, miniBatch, localSteps, (epoch) =>
    permutation(batchSize, deriveSeed(seed, 'order', epoch)),
  );
}

export function checkOrder(
  where: string,
  order: readonly (readonly number[])[],
  batchSize: number,
  localSteps: number,
): readonly (readonly number[])[] {
  if (!Array.isArray(order) || order.length !== localSteps)
    throw problem(where, `order must name the rows of each of the ${localSteps} local steps`, order);
  for (const [t, rows] of order.entries()) {
    const valid = Array.isArray(rows) && rows.every((row) => Number.isInteger(row) && row >= 0 && row < batchSize);
    if (!valid || rows.length === 0)
      throw problem(where, `order[${t}] must list rows of the batch, 0 to ${batchSize - 1}`, rows);
  }
  return order;
}

/** Chunks of miniBatch rows, an epoch's order after the other; the last chunk of an epoch may be smaller. */
function rowsOfSteps(batchSize: number, miniBatch: number, localSteps: number, orderOf: (epoch: number) => number[]) {
  const perEpoch = Math.ceil(batchSize / miniBatch);
  return Array.from({ length: localSteps }, (_, t) => {
    const from = (t % perEpoch) * miniBatch;
    return orderOf(Math.floor(t / perEpoch)).slice(from, from + miniBatch);
  });
}

function factorsOf(
  where: string,
  schedule: NonNullable<ClientOptions['schedule']>,
  localSteps: number,
): NonNullable<ClientSettings['schedule']> {
  if (typeof schedule === 'string') {
    const factor = SCHEDULES[schedule];
    return schedule === 'constant' ? schedule : Array.from({ length: localSteps }, (_, t) => factor(t / localSteps));
  }
  return checkFactors(where, schedule, localSteps);
}

export function checkFactors(where: string, factors: readonly number[], localSteps: number): readonly number[] {
  if (!Array.isArray(factors) || factors.length !== localSteps)
    throw problem(where, `schedule must give a factor for each of the ${localSteps} local steps`, factors);
  for (const [t, factor] of factors.entries()) number(where, `schedule[${t}]`, factor, 0, Number.POSITIVE_INFINITY);
  if (factors.every((factor) => factor === 0)) throw problem(where, 'schedule must not be 0 in every step', factors);
  return factors;
}

export interface LocalStep {
  /** Rows of the batch; undefined: the whole batch as it is. */
  readonly rows?: readonly number[];
  /** What the learning rate is multiplied by. */
  readonly factor: number;
}

/** All local steps of a client whose settings are complete, see {@link assumed}. */
export function stepsOf({ batchSize, miniBatch, localSteps, order, schedule }: ClientSettings): LocalStep[] {
  const inOrder = Array.from({ length: batchSize }, (_, i) => i);
  const rows =
    typeof order === 'object'
      ? order
      : miniBatch < batchSize && order === 'cyclic'
        ? rowsOfSteps(batchSize, miniBatch, localSteps, () => inOrder)
        : undefined;
  return Array.from({ length: localSteps }, (_, t) => ({
    ...(rows && { rows: rows[t]! }),
    factor: typeof schedule === 'object' ? schedule[t]! : 1,
  }));
}

/**
 * Local steps of one graph, at most. With the way back a closure takes 0.5 to 0.85 of the time of steps apart, but
 * opens 0.1 s a step of LeNet more slowly, and nothing else happens while `tensors` of all steps are traced; a picture
 * of a `small` network gains little. What steps apart hand on crosses the bus of a card.
 */
const UNROLLED = { processor: { forward: 8, both: 5, always: 2 }, card: { forward: 8, both: 8, always: 8 } } as const;
const TRACED = { tensors: 128, small: 2 ** 22 };

export const stepCountOf = ({ clients, localSteps }: ClientSettings): number =>
  clients ? clients.reduce((sum, { settings }) => sum + stepCountOf(settings), 0) : localSteps;

/** Whether one graph holds all local steps, with or without the way back; else one is run over and over: iterated(). */
export function unrolls({ parameters }: Model, client: ClientSettings, way: 'forward' | 'both'): boolean {
  const most = UNROLLED[computesOnCard() ? 'card' : 'processor'];
  const steps = stepCountOf(client);
  if (way === 'forward' || steps <= most.always) return steps <= most[way];
  const entries = parameters.reduce((sum, { data }) => sum + data.length, 0);
  const worth = client.batchSize * entries >= TRACED.small && parameters.length * steps <= TRACED.tensors;
  return worth && steps <= most.both;
}

/** The settings of a mean of clients; one gradient each, weighted by images, is announced as one large batch. */
export function together(clients: readonly ClientSettings[], shares: readonly number[]): ClientSettings {
  const parts = clients.flatMap((settings, c) =>
    (settings.clients ?? [{ share: 1, settings }]).map((part) => ({ ...part, share: part.share * shares[c]! })),
  );
  const { learningRate, optimizer } = parts[0]!.settings;
  const other = parts.find(({ settings }) => settings.learningRate !== learningRate);
  if (other)
    throw problem(
      'averageUpdates',
      `the clients must have one learning rate, ${learningRate}`,
      other.settings.learningRate,
    );
  const { labelSmoothing = 0 } = parts[0]!.settings;
  if (parts.some(({ settings }) => (settings.labelSmoothing ?? 0) !== labelSmoothing))
    throw problem('averageUpdates', `the clients must smooth their labels alike, by ${labelSmoothing}`);
  const batchSize = parts.reduce((sum, { settings }) => sum + settings.batchSize, 0);
  const localSteps = Math.max(...parts.map(({ settings }) => settings.localSteps));
  const { frozen } = parts[0]!.settings;
  const sameLayers = parts.every(({ settings }) => JSON.stringify(settings.frozen) === JSON.stringify(frozen));
  const round = { batchSize, localSteps, learningRate, miniBatch: batchSize };
  const smoothing = labelSmoothing > 0 && { labelSmoothing };
  const common = { ...round, ...(sameLayers && frozen && { frozen }), ...smoothing };
  const oneBatch =
    sameLayers &&
    parts.every(
      ({ share, settings }) =>
        isOneGradient(settings) && Math.abs(share * batchSize - settings.batchSize) < 1e-9 * batchSize,
    );
  if (oneBatch) return { ...common, optimizer: { kind: 'sgd' } };
  const alike = parts.every(({ settings }) => JSON.stringify(settings.optimizer) === JSON.stringify(optimizer));
  return { ...common, ...(alike && optimizer && { optimizer }), clients: parts };
}

/** A single local step of plain SGD on the whole batch. */
export const isOneGradient = ({
  localSteps,
  miniBatch,
  batchSize,
  optimizer,
  schedule,
  order,
  privacy,
}: ClientSettings): boolean =>
  localSteps === 1 &&
  miniBatch === batchSize &&
  !privacy &&
  typeof order !== 'object' &&
  typeof schedule !== 'object' &&
  optimizer !== undefined &&
  isPlainSgd(optimizer);

/** Client settings without gaps, and what was put into the gaps. */
export interface Assumed {
  readonly client: ClientSettings;
  /** One sentence for each thing that was not announced; empty when everything was. */
  readonly assumptions: Readonly<Record<string, string>>;
}

/**
 * What an attack simulates: the announced client, with plain SGD, a constant rate and, for mini-batches in an unknown
 * order, the whole batch in every step (the mean over all orders, to first order in the learning rate) where nothing
 * was announced.
 */
export function assumed(client: ClientSettings): Assumed {
  if (client.clients) {
    const parts = client.clients.map(({ share, settings }) => ({ share, ...assumed(settings) }));
    const assumptions = Object.assign({}, ...parts.map((part) => part.assumptions)) as Record<string, string>;
    const clients = parts.map(({ share, client: settings }) => ({ share, settings }));
    return { client: { ...client, clients }, assumptions };
  }
  const { batchSize, miniBatch, localSteps, optimizer, order, schedule } = client;
  const assumptions = {
    ...(!optimizer && { optimizer: 'plain SGD' }),
    ...(!order && miniBatch < batchSize && { order: 'unknown: every step takes the mean over the whole batch' }),
    ...(!schedule && localSteps > 1 && { schedule: 'a constant learning rate' }),
  };
  return { client: { ...client, optimizer: optimizer ?? { kind: 'sgd' } }, assumptions };
}

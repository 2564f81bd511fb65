import { problem } from '../core/errors.js';
import { checkOptions, integer, number, oneOf } from '../core/options.js';
import { deriveSeed, normalStream, permutation, uniformStream } from '../core/random.js';

/** Options of {@link partition}. */
export interface PartitionOptions {
  /** Number of clients. */
  readonly clients: number;
  /** `iid` (default), `classes` (few classes each) or `dirichlet` (unequal shares of every class). */
  readonly by?: PartitionName;
  /** `classes`: shards of one class that each client gets; default 2. */
  readonly classesPerClient?: number;
  /** `dirichlet`: concentration; small is uneven, 100 is nearly iid; default 0.5. */
  readonly concentration?: number;
  /** Default 1. */
  readonly seed?: number;
}

type Resolved = Required<PartitionOptions>;
type Rule = (labels: ArrayLike<number>, options: Resolved) => number[][];

/**
 * Which image belongs to which client: positions in `labels`, one list per client; every position exactly once.
 *
 * | by | rule | source |
 * |---|---|---|
 * | `iid` | a random order cut into equal parts (sizes differ by at most 1) | McMahan et al. 2017 |
 * | `classes` | sorted by class, cut into clients * classesPerClient shards, dealt at random | McMahan et al. 2017 |
 * | `dirichlet` | of every class, shares from Dir(concentration); anew while a client has no image | Hsu et al. 2019 |
 * @throws more clients (or shards) than images; a Dirichlet draw that leaves a client empty 100 times
 * @example rog.federation.partition(labels, { clients: 10, by: 'dirichlet', concentration: 0.5 })
 */
export function partition(labels: ArrayLike<number>, options: PartitionOptions): number[][] {
  checkOptions('partition', options, ['clients', 'by', 'classesPerClient', 'concentration', 'seed']);
  const { clients, by = 'iid', classesPerClient = 2, concentration = 0.5, seed = 1 } = options;
  const rule = RULES[oneOf('partition', 'by', by, Object.keys(RULES) as PartitionName[])];
  integer('partition', 'clients', clients, 1);
  integer('partition', 'classesPerClient', classesPerClient, 1);
  number('partition', 'concentration', concentration, 0, Number.POSITIVE_INFINITY, true);
  integer('partition', 'seed', seed, 0);
  const pieces = by === 'classes' ? clients * classesPerClient : clients;
  if (pieces > labels.length)
    throw problem(
      'partition',
      `${labels.length} images cannot be dealt to ${pieces} ${by === 'classes' ? 'shards' : 'clients'}`,
      undefined,
      'use fewer clients',
    );
  return rule(labels, { clients, by, classesPerClient, concentration, seed });
}

const RULES = {
  iid: ({ length }, { clients, seed }) => cut(permutation(length, deriveSeed(seed, 'partition')), clients),
  classes: (labels, { clients, classesPerClient, seed }) => {
    const order = permutation(labels.length, deriveSeed(seed, 'partition'));
    const shards = cut(
      order.sort((a, b) => labels[a]! - labels[b]!), // stable: random inside a class
      clients * classesPerClient,
    );
    const dealt = permutation(shards.length, deriveSeed(seed, 'shards'));
    return cut(dealt, clients).map((hand) => hand.flatMap((shard) => shards[shard]!));
  },
  dirichlet: (labels, options) => {
    for (let attempt = 0; attempt < 100; attempt++) {
      const parts = dirichletParts(labels, options, attempt);
      if (parts.every((part) => part.length > 0)) return parts;
    }
    const fix = 'use fewer clients or a greater concentration';
    throw problem('partition', 'a client gets no image in 100 draws with concentration', options.concentration, fix);
  },
} satisfies Record<string, Rule>;

export type PartitionName = keyof typeof RULES;

/** Consecutive parts whose sizes differ by at most one. */
const cut = <T>(list: readonly T[], parts: number): T[][] =>
  Array.from({ length: parts }, (_, k) =>
    list.slice(Math.floor((k * list.length) / parts), Math.floor(((k + 1) * list.length) / parts)),
  );

function dirichletParts(
  labels: ArrayLike<number>,
  { clients, concentration, seed }: Resolved,
  attempt: number,
): number[][] {
  const classes = new Map<number, number[]>();
  for (const index of permutation(labels.length, deriveSeed(seed, 'partition', attempt))) {
    const label = labels[index]!;
    const members = classes.get(label);
    if (members) members.push(index);
    else classes.set(label, [index]);
  }
  const parts = Array.from({ length: clients }, (): number[] => []);
  for (const [label, members] of [...classes].sort(([a], [b]) => a - b)) {
    const gamma = gammaStream(concentration, deriveSeed(seed, 'dirichlet', attempt, label));
    const shares = parts.map(() => gamma());
    const total = shares.reduce((sum, share) => sum + share, 0) || 1;
    let sum = 0;
    let from = 0;
    shares.forEach((share, client) => {
      sum += share;
      const to = client + 1 === clients ? members.length : Math.round((sum / total) * members.length);
      parts[client]!.push(...members.slice(from, to));
      from = to;
    });
  }
  return parts;
}

/** Gamma(shape, 1) numbers: Marsaglia and Tsang 2000; below shape 1 through Gamma(shape + 1) U^(1 / shape). */
function gammaStream(shape: number, seed: number): () => number {
  const [normal, uniform] = [normalStream(deriveSeed(seed, 'normal')), uniformStream(deriveSeed(seed, 'uniform'))];
  const d = (shape < 1 ? shape + 1 : shape) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  const draw = (): number => {
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - uniform()) < (x * x) / 2 + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return shape < 1 ? () => draw() * (1 - uniform()) ** (1 / shape) : draw;
}

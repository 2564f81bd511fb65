import type { ClientPrivacy } from '../../core/types.js';
import type { DpProfile, DpRow } from './dp-row.js';

/** What the talk's code does to each example, with some noise. */
const talks = (noise?: ClientPrivacy['noise'], more: Partial<ClientPrivacy> = {}): ClientPrivacy => ({
  clip: 2,
  scope: 'tensor',
  ...(noise && { noise }),
  ...more,
});

const SLIP = { exemptFirst: true } as const;

/** Name of a mechanism -> what it does in every step. */
const MECHANISMS: Readonly<Record<string, ClientPrivacy | undefined>> = {
  'no clip': undefined,
  clip: talks(),
  ...Object.fromEntries([0, -5, -10, -20].map((snr) => [`${snr} dB`, talks({ snr })])),
  'clip, slip': talks(undefined, SLIP),
  ...Object.fromEntries([0, -10].map((snr) => [`${snr} dB, slip`, talks({ snr }, SLIP)])),
  // about -10 dB against an example of the narrow LeNet whose eight tensors all have the clip's norm
  'constant 0.05': talks({ sigma: 0.05 }),
};
const MAIN = ['no clip', 'clip', '0 dB', '-5 dB', '-10 dB', '-20 dB'];

/** One training under a mechanism; attacked where `attacked`. */
const row = (name: string, learningRate: number, seed: number, attacked: boolean): DpRow => ({
  id: `rate ${learningRate}, ${name}, seed ${seed}`,
  group: 'mechanism',
  phi: 'none',
  ...(name.endsWith(' dB') && { snr: Number.parseFloat(name) }),
  ...(MECHANISMS[name] && { privacy: MECHANISMS[name] }),
  training: { learningRate, seed },
  attacked,
});

const grid = (names: readonly string[], rates: readonly number[], seeds: readonly number[]): DpRow[] =>
  seeds.flatMap((seed) =>
    rates.flatMap((rate) => names.map((name) => row(name, rate, seed, seed === 1 && rate === 0.1))),
  );

/** The same without mirrored images. */
const unmirrored = (name: string, seed: number): DpRow => ({
  ...row(name, 0.1, seed, false),
  id: `rate 0.1, no flips, ${name}, seed ${seed}`,
  training: { learningRate: 0.1, seed, flip: false },
});

/** Table 1 of the talk in one setting: LeNet, 20,000 steps, rate 0.1, without mirrored images. */
const TALK = [1, 2, 3].flatMap((seed) => MAIN.map((name) => unmirrored(name, seed)));

/** Rows of `steps` under one name. */
export const ROW_SETS: Readonly<Record<string, readonly string[]>> = { talk: TALK.map(({ id }) => id) };

/** Noise on the round's update and none inside the steps. */
const upload = (name: string, phi: string, more: Partial<DpRow>, seed = 1): DpRow => ({
  id: `rate 0.1, upload ${name}, seed ${seed}`,
  group: 'mechanism',
  phi,
  training: { learningRate: 0.1, ...(seed !== 1 && { seed }) },
  ...more,
});

/** Seed -> uploads. */
const uploads = (seed: number): DpRow[] => [
  ...[0, -10].map((snr) => upload(`${snr} dB`, `noise:${snr}`, { snr }, seed)),
  // ln 3 an entry; a fifth and a fiftieth of the entries are sent
  ...['0.01:0.02:0.1', '0.01:0.02:1'].map((how) =>
    upload(`ternary ${how}`, `ternary:${how}`, { attacked: seed === 1 }, seed),
  ),
];

/** Clients, how many of them take part in a round, and how the images are dealt. */
interface Federation {
  readonly clients: number;
  readonly cohort: number;
  readonly by: 'iid' | 'dirichlet';
}

/** The same 100 steps a round, shared by the cohort. */
const federated = (name: string, { clients, cohort, by }: Federation): DpRow => ({
  ...row(name, 0.1, 1, false),
  id: `${name}, ${cohort} of ${clients} clients, ${by}`,
  training: { learningRate: 0.1, seed: 1, cohort, localSteps: 100 / cohort },
  partition: { clients, by },
});

const FEDERATED = ['no clip', 'clip', '-10 dB'].flatMap((name) =>
  [10, 100].flatMap((clients) =>
    [1, 10].flatMap((cohort) => (['iid', 'dirichlet'] as const).map((by) => federated(name, { clients, cohort, by }))),
  ),
);

/** DP-SGD that spends epsilon over the training, for one image; Poisson samples of 16. Infinity: its clip alone. */
const spending = (epsilon: number, multiplier: number, seed = 1): DpRow => ({
  id: seed === 1 ? `epsilon ${epsilon}` : `epsilon ${epsilon}, seed ${seed}`,
  group: 'mechanism',
  phi: 'none',
  privacy: { clip: 1, ...(multiplier > 0 && { noise: { multiplier } }) },
  training: { learningRate: 0.1, ...(seed !== 1 && { seed }) },
  attacked: seed === 1,
});

type Spending = readonly (readonly [epsilon: number, multiplier: number])[];

// 20,000 steps
const LONG_SPENDING: Spending = [
  [1, 0.802],
  [3, 0.549],
  [8, 0.42],
  [Number.POSITIVE_INFINITY, 0],
];

// 5,000 steps
const SHORT_SPENDING: Spending = [
  [1, 0.785],
  [3, 0.529],
  [8, 0.392],
  [Number.POSITIVE_INFINITY, 0],
];

const spendings = (multipliers: Spending, seeds: readonly number[]): DpRow[] =>
  seeds.flatMap((seed) => multipliers.map(([epsilon, multiplier]) => spending(epsilon, multiplier, seed)));

/** One client with all images: the same as training at one place. */
const central = (rounds: number): DpProfile['training'] => ({
  rounds,
  cohort: 1,
  localSteps: 100,
  batchSize: 16,
  learningRate: 0.1,
  schedule: 'cosine',
  evaluateEvery: rounds / 5,
  evaluateImages: 1000,
  seed: 1,
});

const shared = {
  partition: { clients: 1 },
  shorter: {},
  attackAt: [0, 0.26, 1],
  delta: 1e-5,
  budgets: { noiseMultipliers: [], clip: 1, delta: 1e-5 },
} as const;

const SLIPS = ['clip, slip', '0 dB, slip', '-10 dB, slip'];

/**
 * The talk's Table 1 as its authors' first code computes it: noise inside the steps. `steps`: LeNet and the talk's
 * length, a day of one core; `steps-short`: a narrower LeNet and a quarter of the length, an hour.
 */
export const STEP_PROFILES = {
  steps: {
    ...shared,
    network: 'lenet',
    training: central(200),
    victims: [
      { images: 6, attacks: ['rog-paper'] },
      { images: 6, attacks: ['rog'], further: ['restored'] },
      { images: 1, batch: 16, attacks: ['rog'], further: ['restored'] },
    ],
    rows: [
      ...grid(MAIN, [0.1, 0.2], [1, 2, 3]),
      ...grid(SLIPS, [0.1, 0.2], [1]),
      ...TALK,
      ...spendings(LONG_SPENDING, [1]),
    ],
  },
  'steps-short': {
    ...shared,
    network: 'small lenet',
    training: central(50),
    victims: [
      { images: 3, attacks: ['rog'], iterations: 120, further: ['restored', 'rogs'] },
      { images: 3, attacks: ['rog'], labels: 'infer', iterations: 120 },
    ],
    rows: [
      ...grid(MAIN, [0.1, 0.2], [1, 2, 3]),
      ...grid(SLIPS, [0.1], [1, 2, 3]),
      ...grid(['constant 0.05'], [0.1], [1]),
      ...spendings(SHORT_SPENDING, [1, 2, 3]),
      ...[1, 2, 3].flatMap(uploads),
      ...FEDERATED,
    ],
  },
} as const satisfies Record<string, DpProfile>;

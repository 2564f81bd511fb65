import type { FederateOptions } from '../federate.js';
import type { DpProfile, DpRow } from './dp-row.js';
import { STEP_PROFILES } from './step-rows.js';

const noise = (group: DpRow['group'], snr: number, training: Partial<FederateOptions>, name: string): DpRow[] => [
  { id: `${name}, no noise`, group, phi: 'none', snr: 'inf', training },
  { id: `${name}, ${snr} dB`, group, phi: `noise:${snr}`, snr, training },
];

const TABLE: readonly DpRow[] = [
  { id: 'no noise', group: 'table', phi: 'none', snr: 'inf' },
  { id: '0 dB', group: 'table', phi: 'noise:0', snr: 0 },
  { id: '-5 dB', group: 'table', phi: 'noise:-5', snr: -5 },
  { id: '-10 dB', group: 'table', phi: 'noise:-10', snr: -10 },
];

/** Noise as strong as it must be to cost what the talk says. At -25 dB this federation diverges. */
const SHAPE = [-20, -25].map((snr): DpRow => ({ id: `${snr} dB`, group: 'shape', phi: `noise:${snr}`, snr }));

const atExample = (noiseMultiplier: number): DpRow => ({
  id: `short, DP-SGD ${noiseMultiplier}`,
  group: 'frontier',
  phi: 'none',
  privacy: { clip: 1, noiseMultiplier },
});

const atClient = (clip: number, noiseMultiplier: number): DpRow => ({
  id: `short, client-level DP ${noiseMultiplier}`,
  group: 'frontier',
  phi: `clip:${clip}+sigma:${clip * noiseMultiplier}`,
  clientPrivacy: { clip, noiseMultiplier },
});

const FRONTIER: readonly DpRow[] = [
  ...[
    ...['none', 'noise:-10', 'noise:-20', 'noise:-30', 'noise:-10:layer'],
    ...['quantize:3', 'quantize:2', 'topk:0.95', 'topk:0.99', 'sign:mean'],
    ...['topk:0.95+quantize:3', 'noise:-10+quantize:3'],
  ].map((phi): DpRow => ({ id: `short, ${phi}`, group: 'frontier', phi })),
  ...[0.05].map(atExample),
  ...[0.001, 0.01].map((multiplier) => atClient(20, multiplier)),
];

/** The short training's images in other shares: more clients a round, fewer steps a round, larger mini-batches. */
const MOVES: readonly DpRow[] = [
  ...noise('cohort', -30, { cohort: 10, localSteps: 31, rounds: 6 }, 'cohort 10'),
  ...noise('steps', -30, { localSteps: 13, rounds: 144 }, '13 local steps'),
  ...noise('batch', -30, { batchSize: 64, localSteps: 39 }, 'batches of 64'),
];

/** Every number of the profiles. */
export const DP_PROFILES = {
  quick: {
    partition: { clients: 10 },
    training: {
      rounds: 8,
      cohort: 2,
      localSteps: 10,
      batchSize: 16,
      learningRate: 0.05,
      schedule: 'cosine',
      evaluateEvery: 4,
      evaluateImages: 200,
      finalImages: 500,
      seed: 1,
    },
    shorter: { rounds: 4 },
    attackAt: [0, 1],
    victims: { images: 2, attacks: ['rog'], iterations: 60 },
    delta: 1e-5,
    budgets: { noiseMultipliers: [1e-3, 0.1], clip: 1, delta: 1e-5 },
    rows: [...TABLE, ...FRONTIER.slice(0, 2)],
  },
  paper: {
    partition: { clients: 10 },
    training: {
      rounds: 80,
      cohort: 1,
      localSteps: 156,
      batchSize: 16,
      learningRate: 0.1,
      schedule: 'cosine',
      evaluateEvery: 10,
      evaluateImages: 1000,
      seed: 1,
    },
    shorter: { rounds: 12, finalImages: 4000 },
    attackAt: [0, 0.25, 1],
    victims: { images: 6, attacks: ['rog-paper', 'rog'] },
    delta: 1e-5,
    budgets: { noiseMultipliers: [3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1], clip: 1, delta: 1e-5 },
    rows: [...TABLE, ...SHAPE, ...FRONTIER, ...MOVES],
  },
  ...STEP_PROFILES,
} as const satisfies Record<string, DpProfile>;

export type DpProfileName = keyof typeof DP_PROFILES;

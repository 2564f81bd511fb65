import type { Model } from '../../core/types.js';
import type { Dataset } from '../../data/index.js';
import { privacyBudget } from '../../privacy/index.js';
import type { PoolOptions } from '../worker-pool.js';
import { type Leakage, leakageOf, type VictimPlan } from './leakage.js';

/** What a noise multiplier guarantees for one release, and what leaks all the same. */
export interface BudgetPoint {
  readonly noiseMultiplier: number;
  readonly clip: number;
  /** Of one release to a server that knows who takes part (no sampling). */
  readonly epsilon: number;
  readonly delta: number;
  /** Ratio in dB of a clipped update to the noise over all its entries. */
  readonly snr: number;
  readonly leakage: readonly Leakage[];
}

/** Options of {@link budgetSweep}. */
export interface BudgetSweep {
  readonly noiseMultipliers: readonly number[];
  readonly clip: number;
  readonly delta: number;
}

/** epsilon beside leakage, for clients with one image whose gradient is clipped and noised once. */
export async function budgetSweep(
  model: Model,
  data: Dataset,
  { noiseMultipliers, clip, delta }: BudgetSweep,
  victims: VictimPlan,
  seed: number,
  options: PoolOptions = {},
): Promise<BudgetPoint[]> {
  const entries = model.parameters.reduce((sum, { data: values }) => sum + values.length, 0);
  const points: BudgetPoint[] = [];
  for (const noiseMultiplier of noiseMultipliers) {
    const privacy = { clip, noiseMultiplier };
    const { epsilon } = privacyBudget({ sampleRate: 1, noiseMultiplier, steps: 1, delta });
    const leakage = await leakageOf(model, data, { phi: 'none', privacy }, victims, seed, options);
    points.push({ ...privacy, epsilon, delta, snr: snrOf(noiseMultiplier, entries), leakage });
  }
  return points;
}

/** 10 log10(C^2 / (N (z C)^2)): an update of norm C in noise of deviation z C on each of N entries. */
export const snrOf = (noiseMultiplier: number, entries: number): number =>
  -10 * Math.log10(entries * noiseMultiplier ** 2);

/** The noise multiplier that an SNR over the update amounts to, if the update's own norm were its public bound. */
export const multiplierOf = (snr: number, entries: number): number => Math.sqrt(10 ** (-snr / 10) / entries);

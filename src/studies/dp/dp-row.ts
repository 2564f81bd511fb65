import type { ClientPrivacy } from '../../core/types.js';
import type { PartitionOptions } from '../../federation/index.js';
import type { FederateOptions } from '../federate.js';
import type { BudgetSweep } from './budgets.js';
import type { DP_NETWORKS } from './dp-networks.js';
import type { VictimPlan } from './leakage.js';

/** One training of the study with its defence. */
export interface DpRow {
  readonly id: string;
  /**
   * `table`: the talk's Table 1; `shape`: the same noise where it costs what the talk says; `frontier`: other
   * mechanisms; `cohort`, `steps`, `batch`: the same noise in another federation; `mechanism`: noise inside the steps.
   */
  readonly group: 'table' | 'shape' | 'frontier' | 'cohort' | 'steps' | 'batch' | 'mechanism';
  /** phi on every client's update, in its short form. */
  readonly phi: string;
  /** Noise at an SNR in dB, or "inf": the talk's rows. */
  readonly snr?: 'inf' | number;
  /** Private local steps: examples are clipped and noised. */
  readonly privacy?: ClientPrivacy;
  /** The whole update is clipped and noised; `phi` says the same. */
  readonly clientPrivacy?: { readonly clip: number; readonly noiseMultiplier: number };
  /** What differs from the profile's training. */
  readonly training?: Partial<FederateOptions>;
  /** Who holds which images; default the profile's. */
  readonly partition?: PartitionOptions;
  /** Of a `mechanism`: whether its models are attacked. */
  readonly attacked?: boolean;
}

/** How much is computed. */
export interface DpProfile {
  /** Default `lenet`. */
  readonly network?: keyof typeof DP_NETWORKS;
  readonly partition: PartitionOptions;
  /** Training of the rows of the table and of its shape, and what differs for the others. */
  readonly training: FederateOptions;
  readonly shorter: Partial<FederateOptions>;
  /** Shares of the rounds after which the table's models are attacked; 0: before training, as other rows'. */
  readonly attackAt: readonly number[];
  readonly victims: VictimPlan | readonly VictimPlan[];
  /** delta of every epsilon. */
  readonly delta: number;
  /** Noise multipliers of the sweep of epsilon against leakage (one release, no training). */
  readonly budgets: BudgetSweep;
  readonly rows: readonly DpRow[];
}

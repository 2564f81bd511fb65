import { join } from 'node:path';
import { problem } from '../../core/errors.js';
import type { Model, NamedArray } from '../../core/types.js';
import type { Dataset } from '../../data/index.js';
import { cohortOf, multiplierOf, partition, type RoundProgress } from '../../federation/index.js';
import { loadWeights, saveWeights } from '../../models/index.js';
import { parseObfuscation } from '../../obfuscation/index.js';
import { privacyBudget } from '../../privacy/index.js';
import { type FederateOptions, federate } from '../federate.js';
import { type BudgetPoint, budgetSweep } from './budgets.js';
import { DP_NETWORKS } from './dp-networks.js';
import type { DpProfile, DpRow } from './dp-row.js';
import { attackAt, settingsOf, trainingOf } from './dp-settings.js';
import { BUDGETS, budgetSettings, type DpResult, keep, keptBudgets, keptRow, rowFile } from './kept-rows.js';
import { type Leakage, leakageOf } from './leakage.js';

/** Options of {@link dpStudy}. */
export interface DpStudyOptions {
  /** How much is computed: one of `DP_PROFILES`, or one's own. */
  readonly profile: DpProfile;
  /** Folder of checkpoints and finished rows: what is there already is not computed again. */
  readonly folder: string;
  /** Rows by id; default all of the profile. */
  readonly only?: readonly string[];
  /** Clients and attacks at a time; default one per core. The numbers do not depend on it. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
  readonly onRow?: (row: DpResult) => void;
  /** Called for a row that ends in an error, e.g. diverged; the others go on. Default: the error ends the study. */
  readonly onFailed?: (id: string, error: Error) => void;
}

const MODEL_SEED = 1;
const ATTACK_SEED = 21;

/**
 * Trainings of LeNet under noise and other defences, with an attack on clients at several rounds of each.
 * Resumable: a finished row is a file and is not computed again; a training goes on from its checkpoint, to the same
 * bits.
 */
export async function dpStudy(data: Dataset, options: DpStudyOptions): Promise<DpResult[]> {
  const { profile } = options;
  const known = profile.rows.map(({ id }) => id);
  const unknown = options.only?.find((id) => !known.includes(id));
  if (unknown !== undefined) throw problem('dpStudy', `rows are ${known.join(' | ')}`, unknown);
  const results: DpResult[] = [];
  for (const row of profile.rows.filter(({ id }) => options.only?.includes(id) ?? true)) {
    const result = (await keptRow(row, profile, data, options.folder)) ?? (await attempt(row, data, options));
    if (result === 'failed') continue;
    if (!result) break; // cancelled
    await keep(rowFile(options.folder, row.id), result);
    results.push(result);
    options.onRow?.(result);
  }
  return results;
}

/** The profile's sweep of epsilon against leakage at the initial weights; kept in the folder like a row. */
export async function dpBudgets(data: Dataset, options: DpStudyOptions): Promise<BudgetPoint[]> {
  const { profile, folder, workers, signal } = options;
  const kept = await keptBudgets(data, options);
  if (kept) return kept;
  const pool = { ...(workers && { workers }), signal };
  const [victims] = [profile.victims].flat();
  const points = await budgetSweep(modelFor(profile, data), data, profile.budgets, victims!, ATTACK_SEED, pool);
  await keep(join(folder, BUDGETS), { settings: budgetSettings(profile, data), points });
  return points;
}

const everyIndex = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The untrained network every row starts from. */
const modelFor = ({ network = 'lenet' }: DpProfile, data: Dataset): Model =>
  DP_NETWORKS[network]({ imageShape: data.imageShape, classes: data.classNames.length, seed: MODEL_SEED });

async function attempt(row: DpRow, data: Dataset, options: DpStudyOptions): Promise<DpResult | 'failed' | undefined> {
  try {
    return await computeRow(row, options.profile, data, options);
  } catch (error) {
    if (options.signal?.aborted) return undefined;
    if (!options.onFailed || !(error instanceof Error)) throw error;
    const settings = settingsOf(row, options.profile, data);
    await keep(rowFile(options.folder, row.id, '.failed.json'), { id: row.id, error: error.message, settings });
    options.onFailed(row.id, error);
    return 'failed';
  }
}

async function computeRow(
  row: DpRow,
  profile: DpProfile,
  data: Dataset,
  { folder, workers, signal, onProgress }: DpStudyOptions,
): Promise<DpResult | undefined> {
  const training = trainingOf(row, profile);
  const model = modelFor(profile, data);
  const clients = partition(data.labels('train', everyIndex(data.sizes.train)), row.partition ?? profile.partition);
  const rounds = [...new Set(attackAt(row, profile).map((share) => Math.round(share * training.rounds)))];
  const place = (round: number): string => rowFile(folder, row.id, `-round${round}.safetensors`);
  const keep = async (round: number, parameters: readonly NamedArray[]): Promise<void> => {
    if (round > 0 && rounds.includes(round)) await saveWeights(place(round), { ...model, parameters });
  };
  const trained = await federate(model, data, clients, {
    ...training,
    ...(workers !== undefined && { workers }),
    checkpoint: rowFile(folder, row.id, '.checkpoint'),
    signal,
    onRound: async (at) => {
      await keep(at.round, at.weights);
      onProgress?.(progressLine(row, at));
    },
  });
  if (trained.stopped === 'cancelled') return undefined;
  const leakage: (Leakage & { round: number })[] = [];
  const began = performance.now();
  for (const round of rounds) {
    onProgress?.(`${row.id}: attack at round ${round}`);
    const at: Model = round === 0 ? model : await loadWeights(place(round), model);
    for (const plan of [profile.victims].flat()) {
      const found = await leakageOf(at, data, row, plan, ATTACK_SEED, { ...(workers && { workers }), signal });
      leakage.push(...found.map((one) => ({ round, ...one })));
    }
  }
  const { accuracy } = trained.history.at(-1)!;
  const points = trained.history.filter((point) => point.accuracy !== undefined);
  return {
    id: row.id,
    group: row.group,
    ...(row.snr !== undefined && { snr: row.snr }),
    phi: row.phi,
    bitsPerEntry: parseObfuscation(row.phi).apply(model.parameters, 1).report.bitsPerEntry,
    accuracy: accuracy!,
    curve: points.map((point) => ({ round: point.round, accuracy: point.accuracy! })),
    leakage,
    ...budgetOf(row, model.parameters.length, training, clients, profile.delta),
    settings: settingsOf(row, profile, data),
    seed: training.seed ?? 1,
    engine: trained.engine,
    data: data.name,
    minutes: (trained.seconds + (performance.now() - began) / 1000) / 60,
  };
}

/**
 * epsilon against the server, which knows who takes part in a round. One image: it does not know which of a client's
 * images a step uses (rate batchSize / images), as many releases as local steps of the client that took part most
 * often. A whole client: no sampling, a release per round. Noise at an SNR gives none: it shrinks with the update.
 */
function budgetOf(
  { privacy, clientPrivacy }: DpRow,
  tensors: number,
  training: FederateOptions,
  clients: readonly (readonly number[])[],
  delta: number,
): Pick<DpResult, 'epsilon' | 'level' | 'delta'> {
  const noiseMultiplier = privacy ? multiplierOf(privacy, tensors) : (clientPrivacy?.noiseMultiplier ?? 0);
  if (noiseMultiplier === 0) return { epsilon: null };
  const { rounds, cohort, localSteps = 1, batchSize = 32, seed = 1 } = training;
  const times = clients.map(() => 0);
  for (let round = 0; round < rounds; round++)
    for (const client of cohortOf(clients.length, cohort, seed, round)) times[client]!++;
  const spent = clients.map(({ length }, c) =>
    privacy
      ? { sampleRate: Math.min(1, batchSize / length), steps: times[c]! * localSteps }
      : { sampleRate: 1, steps: times[c]! },
  );
  const epsilon = Math.max(...spent.map((use) => privacyBudget({ ...use, noiseMultiplier, delta }).epsilon));
  return { epsilon, level: privacy ? 'example' : 'client', delta };
}

function progressLine({ id }: DpRow, { round, rounds, loss, history, secondsLeft }: RoundProgress): string {
  const accuracy = history.findLast((point) => point.accuracy !== undefined)?.accuracy;
  const seen = accuracy === undefined ? '' : `, accuracy ${(100 * accuracy).toFixed(1)} %`;
  return `${id}: round ${round}/${rounds}, loss ${loss.toFixed(3)}${seen}, ${(secondsLeft / 60).toFixed(1)} min left`;
}

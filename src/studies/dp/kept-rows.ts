import { join } from 'node:path';
import { keepValue, keptValue, warnsOnce } from '../../assets/index.js';
import type { Dataset } from '../../data/index.js';
import type { BudgetPoint } from './budgets.js';
import type { DpProfile, DpRow } from './dp-row.js';
import { settingsOf } from './dp-settings.js';
import type { Leakage } from './leakage.js';

/** What one row of the study gave. Plain JSON. */
export interface DpResult {
  readonly id: string;
  readonly group: DpRow['group'];
  readonly snr?: 'inf' | number;
  readonly phi: string;
  readonly bitsPerEntry: number;
  /** Share of right answers on the test images after the last round. */
  readonly accuracy: number;
  readonly curve: readonly { readonly round: number; readonly accuracy: number }[];
  readonly leakage: readonly (Leakage & { readonly round: number })[];
  /** Budget of the client that took part most often, against the server; null: the noise bounds nothing. */
  readonly epsilon: number | null;
  /** What epsilon protects: one image of a client, or all that a client has. */
  readonly level?: 'example' | 'client';
  readonly delta?: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly engine: string;
  readonly data: string;
  readonly minutes: number;
}

/** A row that ended in an error, e.g. a training that diverged. The next run tries it again. */
export interface DpFailure {
  readonly id: string;
  readonly error: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface DpFolder {
  readonly profile: DpProfile;
  readonly folder: string;
}

export const rowFile = (folder: string, id: string, ending = '.json'): string =>
  join(folder, `${id.replace(/[^a-z0-9.-]+/gi, '_')}${ending}`);

/** Where the disk does not take it, that is a warning. */
export const keep = (file: string, value: unknown): Promise<void> =>
  keepValue(file, value).catch(warnsOnce('the study goes on without it'));

/** What a file holds, when it was computed with these settings. */
async function kept<T extends { readonly settings: unknown }>(file: string, settings: unknown): Promise<T | undefined> {
  const value = await keptValue<T>(file);
  return value && JSON.stringify(value.settings) === JSON.stringify(settings) ? value : undefined;
}

export const keptRow = (row: DpRow, profile: DpProfile, data: Dataset, folder: string): Promise<DpResult | undefined> =>
  kept(rowFile(folder, row.id), settingsOf(row, profile, data));

/** Puts rows that were finished elsewhere, under the profile's settings, into a folder that lacks them. */
export async function adoptRows(
  rows: readonly DpResult[],
  data: Dataset,
  { profile, folder }: DpFolder,
): Promise<readonly string[]> {
  const taken = rows.filter(({ id, settings }) => {
    const row = profile.rows.find((one) => one.id === id);
    return row && JSON.stringify(settingsOf(row, profile, data)) === JSON.stringify(settings);
  });
  const own = new Set((await dpFinished(data, { profile, folder })).map(({ id }) => id));
  const lacking = taken.filter(({ id }) => !own.has(id));
  await Promise.all(lacking.map((row) => keep(rowFile(folder, row.id), row)));
  return lacking.map(({ id }) => id);
}

/** The rows of a profile that are finished in a folder, whoever computed them; in the profile's order. */
export async function dpFinished(data: Dataset, { profile, folder }: DpFolder): Promise<DpResult[]> {
  const rows = await Promise.all(profile.rows.map((row) => keptRow(row, profile, data, folder)));
  return rows.filter((row): row is DpResult => row !== undefined);
}

/** The rows of a profile that were tried in a folder and ended in an error. */
export async function dpFailed(data: Dataset, { profile, folder }: DpFolder): Promise<DpFailure[]> {
  const failures = await Promise.all(
    profile.rows.map(async (row) => {
      const failure = await kept<DpFailure>(rowFile(folder, row.id, '.failed.json'), settingsOf(row, profile, data));
      return failure && !(await keptRow(row, profile, data, folder)) ? failure : undefined;
    }),
  );
  return failures.filter((failure): failure is DpFailure => failure !== undefined);
}

/** The sweep of a folder, when it was computed with the profile's settings. */
export async function keptBudgets(data: Dataset, { profile, folder }: DpFolder): Promise<BudgetPoint[] | undefined> {
  type Sweep = { readonly settings: unknown; readonly points: BudgetPoint[] };
  return (await kept<Sweep>(join(folder, BUDGETS), budgetSettings(profile, data)))?.points;
}

export const BUDGETS = 'budgets.json';

export const budgetSettings = ({ budgets, victims }: DpProfile, data: Dataset) => ({
  ...budgets,
  victims,
  data: data.name,
});

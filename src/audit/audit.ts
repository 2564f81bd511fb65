import { problem } from '../core/errors.js';
import type { AuditRow } from './audit-rows.js';
import { type Baselines, baselinesOf } from './baselines.js';
import { type AuditBound, type AuditPrivacy, boundsOf, priorOf, privacyOf } from './bounds.js';
import { type ClientCheck, checkClient } from './client/check.js';
import { type Audit, type AuditConfig, reaches, readConfig } from './config.js';
import { costsOf, type PhiCost } from './cost.js';
import { doubtsOf } from './doubts.js';
import { heedStop } from './heed-stop.js';
import { kappaOf, type RetrievalBaseline, retrievalBaseline } from './kappa.js';
import { FAMILIES } from './remedies.js';
import { type AuditOptions, cellsOf, type Ran, runCells, type Untried } from './run-cells.js';
import { observed, type Sent, updatesOf } from './sent.js';
import { type Subject, subjectOf } from './subject.js';
import { foretold } from './told-time.js';

/** What an audit found. */
export interface AuditResult {
  readonly audit: Audit;
  readonly subject: Omit<Subject, 'data' | 'model' | 'after' | 'gradients' | 'gallery'> & {
    readonly model: string;
    readonly data: string;
    readonly notice?: string;
    readonly parameters: number;
  };
  /** Whether the simulated client is the real one, where a real update was given. */
  readonly check?: ClientCheck;
  /** Of the phi that the config names. */
  readonly rows: readonly AuditRow[];
  /** Of the changes tried, weakest first in each family; empty where nothing was rebuilt, or not looked for. */
  readonly tried: readonly AuditRow[];
  /** Attacks that could not be made, each with the reason: labels that the update does not tell. */
  readonly untried: readonly Untried[];
  /** One per batch. */
  readonly baselines: readonly Baselines[];
  /** What each phi, and the smallest change that helps, cost in accuracy; empty where no training was asked for. */
  readonly costs: readonly PhiCost[];
  /** What theory says of each phi and batch; empty where the config does not want it. */
  readonly bounds: readonly AuditBound[];
  /** Why bounds could not be had, e.g. an operation of the network without a third derivative. */
  readonly unbounded?: string;
  /** Which rank the label alone gives a private image among candidates, beside the rows' ranks. */
  readonly retrieval: RetrievalBaseline;
  /** Where the client noises its own steps. */
  readonly privacy?: AuditPrivacy;
}

/**
 * How much of a client's images a server rebuilds under each obfuscation of the config, from the client's own network,
 * weights and settings: every phi against every batch, with labels known and inferred, by the default attack, beside
 * what somebody shows who has no update at all. Where images are rebuilt, changes of rising strength are tried until
 * none is.
 * @throws those of `readConfig`, of the files, and of the attacks; at an abort of `signal` the count of the finished
 * attacks, which are in the error's `rows`, and in `folder`, from which the same call goes on
 * @example
 * const found = await rog.audit({ data: 'folder:images', phi: ['quantize:4'], batch: 2, remedies: false,
 *   iterations: 60 })
 */
export async function audit(config: AuditConfig, options: AuditOptions = {}): Promise<AuditResult> {
  const settings = readConfig(config);
  const subject = await subjectOf(settings);
  heedStop(options);
  const { data, batches } = subject;
  const check = await checkOf(settings, subject);
  if (check) options.onCheck?.(check);
  const about = aboutOf(subject);
  for (const sentence of doubtsOf(subject, check)) options.onDoubt?.(sentence);
  heedStop(options);
  const updates = await updatesOf(settings, subject);
  heedStop(options);
  const told = { ...options, ...(options.onProgress && { each: await foretold(settings, subject) }) };
  const run = (phis: readonly string[], { labels }: Pick<Audit, 'labels'> = settings) =>
    runCells(settings, subject, updates, cellsOf({ ...settings, labels }, subject.model, phis), told);
  const { rows, untried } = await run(settings.phi);
  const [first] = untried;
  if (first && rows.length === 0) throw problem('audit', `no attack can be made: ${first.why}`);
  const baselines: Baselines[] = [];
  for (const batch of batches) {
    heedStop(options, rows);
    baselines.push(await baselinesOf(data, batch));
  }
  const rebuilt = rows.some((row) => isRebuilt(settings, row));
  const tried = settings.remedies && rebuilt ? await walkFamilies(settings, run) : [];
  heedStop(options, [...rows, ...tried]);
  const retrieval = await retrievalBaseline(data, batches, subject.gallery);
  const privacy = privacyOf(updates[0]!.own[0]!, priorOf(data, batches), named(retrieval, rows));
  const safe = remedyOf(settings, tried);
  const phis = [...new Set(['none', ...settings.phi, ...(safe ? [safe] : [])])];
  const { folder, signal } = options;
  const costs = settings.training
    ? await costsOf(subject.model, data, settings.training, { phis, seed: settings.seed, folder, signal }).catch(
        (error) => {
          heedStop(options, [...rows, ...tried]);
          throw error;
        },
      )
    : [];
  heedStop(options, [...rows, ...tried]);
  return {
    audit: settings,
    subject: about,
    rows,
    tried,
    untried,
    baselines,
    costs,
    retrieval,
    ...(await allBounds(settings, subject, updates, rows)),
    ...(privacy && { privacy }),
    ...(check && { check }),
  };
}

/** A subject in words and numbers. */
function aboutOf({ data, model, after: _, gradients: __, gallery: ___, ...rest }: Subject): AuditResult['subject'] {
  const { name, notice } = data;
  const parameters = model.parameters.reduce((sum, array) => sum + array.data.length, 0);
  return { ...rest, model: model.name, data: name, parameters, ...(notice && { notice }) };
}

/** Bounds of every phi; a network that cannot be differentiated so often has none, and the audit goes on. */
async function allBounds(
  settings: Audit,
  { model, batches }: Subject,
  updates: readonly Sent[],
  rows: readonly AuditRow[],
): Promise<Pick<AuditResult, 'bounds' | 'unbounded'>> {
  if (!settings.bounds) return { bounds: [] };
  const bounds: AuditBound[] = [];
  try {
    for (const [k, batch] of batches.entries()) {
      const update = updates[k]!;
      const phis = settings.phi.map((phi) => ({
        phi,
        observation: observed(settings, model, update, batch, { phi, labels: 'known' }),
        rows: rows.filter((row) => row.phi === phi && row.batch === k),
      }));
      bounds.push(...(await boundsOf({ model, batch, update: update.mean, seed: settings.seed, phis }, k)));
    }
    return { bounds };
  } catch (error) {
    return { bounds: [], unbounded: (error as Error).message };
  }
}

/** The best mean rank that an attack reached, and the chance of it without the update. */
function named(retrieval: RetrievalBaseline, rows: readonly AuditRow[]) {
  const rank = Math.min(...rows.map(({ ranks }) => ranks.reduce((sum, one) => sum + one / ranks.length, 0)));
  return { rank, kappa: kappaOf(retrieval, rank) };
}

async function checkOf({ client: settings }: Audit, subject: Subject): Promise<ClientCheck | undefined> {
  const { model, batches, after, gradients } = subject;
  const batch = batches[0]!;
  if (after) return checkClient(model, { after, batch, settings });
  return gradients && checkClient(model, { gradients, batch, settings });
}

/** Whether any image of a row reaches the threshold. */
export const isRebuilt = ({ threshold }: Pick<Audit, 'threshold'>, { scores }: Pick<AuditRow, 'scores'>): boolean =>
  (scores[threshold.metric] ?? []).some((value) => reaches(threshold, value));

/** The phi under which nothing is rebuilt that loses least of the update's direction. */
export function remedyOf(settings: Pick<Audit, 'threshold'>, tried: readonly AuditRow[]): string | undefined {
  const lost = (phi: string): number => {
    const mine = tried.filter((row) => row.phi === phi);
    return mine.reduce((sum, row) => sum + row.distortion / mine.length, 0);
  };
  return [...new Set(tried.map(({ phi }) => phi))]
    .filter((phi) => !tried.some((row) => row.phi === phi && isRebuilt(settings, row)))
    .sort((a, b) => lost(a) - lost(b))[0];
}

/** Each family from its weakest member on, until nothing is rebuilt; the labels as the server knows them best. */
async function walkFamilies(
  settings: Audit,
  run: (phis: readonly string[], labels: Pick<Audit, 'labels'>) => Promise<Ran>,
): Promise<AuditRow[]> {
  const labels = settings.labels.includes('known') ? (['known'] as const) : settings.labels;
  const tried: AuditRow[] = [];
  for (const family of Object.values(FAMILIES))
    for (const phi of family) {
      const { rows } = await run([phi], { labels });
      tried.push(...rows);
      if (!rows.some((row) => isRebuilt(settings, row))) break;
    }
  return tried;
}

import { join } from 'node:path';
import { labelsOf } from '../attacks/infer-labels.js';
import { imageAt } from '../core/arrays.js';
import { settled } from '../core/settled.js';
import type { Batch, NamedArray, Observation, Reconstruction, Update } from '../core/types.js';
import { imagePng } from '../report/index.js';
import { attackAll, matched, score } from '../studies/index.js';
import { type AuditRow, rowName, rowStore } from './audit-rows.js';
import type { ClientCheck } from './client/check.js';
import type { Audit } from './config.js';
import { deceptiveLayers } from './defences.js';
import { heedStop } from './heed-stop.js';
import { type Gallery, ranksOf } from './kappa.js';
import { type Asked, observed, type Sent } from './sent.js';
import type { Subject } from './subject.js';
import { timeLeft } from './told-time.js';

/** Options of audit(). */
export interface AuditOptions {
  /** Where finished rows are kept, so that a stopped audit goes on; default nowhere. */
  readonly folder?: string;
  /** Attacks at a time; default one per core. */
  readonly workers?: number;
  /**
   * Called before a list of attacks starts, with `what` empty, and as each ends. Seconds left of that list: before the
   * first one has ended by a trial of the client's update, then at the pace so far.
   */
  readonly onProgress?: (done: number, total: number, what: string, secondsLeft: number) => void;
  /** Called before the attacks where a real update was given: whether the simulated client is the real one. */
  readonly onCheck?: (check: ClientCheck) => void;
  /** Called before the attacks with every sentence that leaves no verdict. */
  readonly onDoubt?: (sentence: string) => void;
  readonly signal?: AbortSignal;
}

/** One attack that an audit asks for. */
export interface Cell extends Asked {
  readonly batch: number;
}

/** An attack that could not be made, and why, in one line. */
export interface Untried extends Cell {
  readonly why: string;
}

/** What came of a list of attacks. */
export interface Ran {
  readonly rows: readonly AuditRow[];
  readonly untried: readonly Untried[];
}

/** Every phi against every batch, with labels as asked; where the client defends itself, also by one who knows it. */
export function cellsOf(audit: Audit, model: Subject['model'], phis: readonly string[]): Cell[] {
  const left = deceptiveLayers(audit, model);
  const attackers = [{}, ...(left.length ? [{ ignoring: left.join('+') }] : [])];
  return phis.flatMap((phi) =>
    audit.labels.flatMap((labels) =>
      Array.from({ length: audit.batches }, (_, batch) =>
        attackers.map((attacker) => ({ phi, labels, batch, ...attacker })),
      ).flat(),
    ),
  );
}

/** Attacks not kept yet, on a pool of workers; one whose labels the update does not tell is left out, and said. */
export async function runCells(
  settings: Audit,
  { model, batches, gallery, unsent }: Subject,
  updates: readonly Sent[],
  cells: readonly Cell[],
  { folder, workers, onProgress = () => {}, signal, each = 0 }: AuditOptions & { readonly each?: number },
): Promise<Ran> {
  const { seed, iterations } = settings;
  const store = folder === undefined ? undefined : rowStore(join(folder, 'rows'));
  const decides = (cell: Cell) => ({
    ...cell,
    client: updates[cell.batch]!.mean.client,
    ...(unsent && { unsent }),
    clients: settings.clients,
    seed,
    iterations,
    candidates: gallery.pixels.shape[0],
  });
  const names = cells.map((cell) =>
    rowName(decides(cell), [...model.parameters, ...updates[cell.batch]!.mean.tensors], batches[cell.batch]!),
  );
  const rows = await Promise.all(names.map((name) => store?.read(name)));
  const missing = cells.map((_, i) => i).filter((i) => !rows[i]);
  const seen = new Map<number, Observation>();
  const writing: Promise<void>[] = [];
  const kept = cells.length - missing.length;
  let done = kept;
  const left = timeLeft(each, workers);
  const say = (what: string): void => onProgress(done, cells.length, what, left(done - kept, cells.length - done));
  say('');
  const failed = new AbortController();
  const seenBy = (cell: Cell) => observed(settings, model, updates[cell.batch]!, batches[cell.batch]!, cell);
  const jobOf = async (i: number) => {
    const cell = cells[i]!;
    const { ignoring, ...whole } = cell;
    const sent = seenBy(whole);
    seen.set(i, sent);
    // labels are read off the whole update, also by those who then leave a part of it out
    const labels = ignoring && cell.labels === 'infer' ? (await labelsOf(sent)).labels : sent.labels;
    const observation = ignoring ? { ...seenBy(cell), ...(labels && { labels }) } : sent;
    return { observation, attack: 'rog' as const, options: { iterations, seed } };
  };
  const outcomes = await attackAll(
    missing.map(
      (i) => () =>
        jobOf(i).catch((error) => {
          if (!lacksLabels(error)) failed.abort(error);
          throw error;
        }),
    ),
    {
      ...(workers && { workers }),
      signal: AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]),
      onError: 'keep',
      onDone: (_, __, result, k) => {
        const i = missing[k]!;
        const { batch } = cells[i]!;
        writing.push(
          (async () => {
            const row = await rowOf(cells[i]!, batches[batch]!, updates[batch]!.mean, seen.get(i)!, result, gallery);
            seen.delete(i);
            rows[i] = row;
            await store?.write(names[i]!, row);
            done++;
            say(cells[i]!.phi);
          })(),
        );
      },
    },
  );
  await settled(writing);
  const errors = outcomes.map(({ error }) => error);
  const finished = rows.filter((row) => row !== undefined);
  heedStop({ signal, folder }, finished);
  const reason = failed.signal.reason ?? errors.find((error) => error && !lacksLabels(error));
  if (reason) throw reason;
  return {
    rows: finished,
    untried: errors.flatMap((error, k) => (error ? [{ ...cells[missing[k]!]!, why: error.message }] : [])),
  };
}

/** Whether the update does not tell the labels: the head was not sent, or the network ends in no dense layer. */
const lacksLabels = ({ message }: Error): boolean => message.startsWith('inferLabels:');

async function rowOf(
  cell: Cell,
  batch: Batch,
  update: Update,
  observation: Observation,
  result: Reconstruction,
  gallery: Gallery,
): Promise<AuditRow> {
  const { match, ...scores } = await score(batch, result);
  const pictures = matched(result, { match });
  const { method = 'matching' } = result.settings as { method?: string };
  return {
    ...cell,
    bitsPerEntry: observation.obfuscation.bitsPerEntry,
    distortion: distance(observation.tensors, update.tensors),
    scores,
    labelsRight: overlap(batch.labels, result.labels),
    ranks: ranksOf(pictures, gallery, cell.batch),
    attack: `${result.attack}, ${method}`,
    closures: result.closures,
    seconds: result.seconds,
    pictures: [...match.keys()].map((i) => Buffer.from(imagePng(imageAt(pictures, i))).toString('base64')),
  };
}

/** Least |s a - b| / |b| over all scales s, the sine of the angle between the two: 0 same direction, 1 orthogonal. */
function distance(a: readonly NamedArray[], b: readonly NamedArray[]): number {
  let [dot, aa, bb] = [0, 0, 0];
  b.forEach(({ data }, k) => {
    data.forEach((value, i) => {
      const sent = a[k]!.data[i]!;
      dot += sent * value;
      aa += sent * sent;
      bb += value * value;
    });
  });
  return aa * bb > 0 ? Math.sqrt(Math.max(0, 1 - (dot * dot) / (aa * bb))) : 1;
}

/** Share of the labels that an attack went by and that are in the batch. */
function overlap(truth: Int32Array, found: Int32Array): number {
  const left = [...truth];
  const right = [...found].filter((label) => {
    const at = left.indexOf(label);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
  return right.length / truth.length;
}

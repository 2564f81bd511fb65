import { deriveSeed } from '../core/random.js';
import type { Batch, Model, Observation, Update } from '../core/types.js';
import { averageUpdates, clientUpdate, observeSum, updateFrom } from '../federation/index.js';
import { parseObfuscation } from '../obfuscation/index.js';
import type { Audit } from './config.js';
import { partsOf, type Subject } from './subject.js';

/** The updates of a batch's clients, and their mean: what the server would see without phi. */
export interface Sent {
  readonly own: readonly Update[];
  readonly mean: Update;
}

/** The client's own update, or one simulated for each client of each batch. */
export async function updatesOf({ client, clients, seed }: Audit, { model, batches, after }: Subject): Promise<Sent[]> {
  const sent = (own: readonly Update[]): Sent => ({ own, mean: own.length === 1 ? own[0]! : averageUpdates(own) });
  if (after) return [sent([updateFrom(model, after, { ...client, batchSize: batches[0]!.labels.length })])];
  const updates: Sent[] = [];
  for (const batch of batches) {
    const own: Update[] = [];
    for (const [c, part] of partsOf(batch, clients).entries())
      own.push(await clientUpdate(model, part, { ...client, seed: c ? deriveSeed(seed, 'client', c) : seed }));
    updates.push(sent(own));
  }
  return updates;
}

/** What the server sees of a batch: with several clients the sum of what each obfuscated by itself. */
export const observed = (
  { seed }: Audit,
  model: Model,
  { own }: Sent,
  batch: Batch,
  phi: string,
  labels: 'known' | 'infer',
): Observation =>
  observeSum(model, own, {
    obfuscation: parseObfuscation(phi),
    labels: labels === 'known' ? batch.labels : 'infer',
    seed,
  });

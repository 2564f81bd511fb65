import { deriveSeed } from '../core/random.js';
import type { Batch, Model, Obfuscation, Observation, Update } from '../core/types.js';
import { averageUpdates, clientUpdate, observeSum, updateFrom, updateFromGradients } from '../federation/index.js';
import { compose, parseObfuscation } from '../obfuscation/index.js';
import type { Audit } from './config.js';
import { defencesOf } from './defences.js';
import { partsOf, type Subject } from './subject.js';

/** The updates of a batch's clients, and their mean: what the server would see without phi. */
export interface Sent {
  readonly own: readonly Update[];
  readonly mean: Update;
  /** What each client does to its own before phi. */
  readonly defences?: readonly Obfuscation[];
}

/** The client's own update, or one simulated for each client of each batch. */
export async function updatesOf(audit: Audit, subject: Subject): Promise<Sent[]> {
  const defences = await defencesOf(audit, subject);
  const sent = await trainedBy(audit, subject);
  return sent.map((one, k) => ({ ...one, ...(defences && { defences: defences[k]! }) }));
}

async function trainedBy({ client, clients, seed }: Audit, subject: Subject): Promise<Sent[]> {
  const { model, batches, after, gradients } = subject;
  const sent = (own: readonly Update[]): Sent => ({ own, mean: own.length === 1 ? own[0]! : averageUpdates(own) });
  const real = { ...client, batchSize: batches[0]!.labels.length };
  if (after) return [sent([updateFrom(model, after, real)])];
  if (gradients) return [sent([updateFromGradients(model, gradients, real)])];
  const updates: Sent[] = [];
  for (const batch of batches) {
    const own: Update[] = [];
    for (const [c, part] of partsOf(batch, clients).entries())
      own.push(await clientUpdate(model, part, { ...client, seed: c ? deriveSeed(seed, 'client', c) : seed }));
    updates.push(sent(own));
  }
  return updates;
}

/** What is attacked, and by whom. */
export interface Asked {
  readonly phi: string;
  readonly labels: 'known' | 'infer';
  /** Layers that the attacker leaves out, joined by `+`; absent: none. */
  readonly ignoring?: string;
}

/** What the server sees of a batch: with several clients the sum of what each obfuscated by itself. */
export const observed = (
  { seed }: Audit,
  model: Model,
  { own, defences }: Sent,
  batch: Batch,
  { phi, labels, ignoring }: Asked,
): Observation => {
  const left = ignoring === undefined ? [] : ignoring.split('+').map((layer) => `without:${layer}`);
  const obfuscation = parseObfuscation([phi, ...left].join('+'));
  return observeSum(model, own, {
    obfuscation: defences ? defences.map((defence) => compose([defence, obfuscation])) : obfuscation,
    labels: labels === 'known' ? batch.labels : 'infer',
    seed,
  });
};

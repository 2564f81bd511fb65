import { checkArguments } from '../core/arguments.js';
import { checkAttackable } from '../core/attackable.js';
import { problem } from '../core/errors.js';
import { checkOptions, integer } from '../core/options.js';
import { asObfuscation } from '../core/own-obfuscation.js';
import { deriveSeed } from '../core/random.js';
import { summedEvidence } from '../core/summed-evidence.js';
import type { Model, Observation, Update } from '../core/types.js';
import { type ObserveOptions, observe, sentBy, toldLabels } from './observe.js';
import { averageUpdates } from './server.js';

/** Options of {@link observeSum}. */
export interface ObserveSumOptions extends Pick<ObserveOptions, 'seed' | 'labels'> {
  /** phi of every client, or a list with one for each; default: none. */
  readonly obfuscation?: ObserveOptions['obfuscation'] | readonly NonNullable<ObserveOptions['obfuscation']>[];
  /** What the mean is weighted by, one number per client; default: as many images as each has. */
  readonly weights?: readonly number[];
}

/**
 * What a server sees under secure aggregation: sum_c share_c phi(delta_c), each client's update obfuscated by itself,
 * with randomness of its own, before the sum; no client's part alone. The numbers that go beside an update (scales,
 * thresholds, seeds of masks) are taken to be known of each client, so that bounds of the sum follow: see
 * summedEvidence(). One client: observe().
 *
 * Labels, where told, are one client's after the other's. Cost: the mean of the clients' bits per entry.
 * Source: Bonawitz et al. 2017 (secure aggregation); Kairouz et al. 2021 (arXiv 2102.06387) for phi before the sum.
 * @throws no updates; those of observe() and averageUpdates()
 * @example rog.federation.observeSum(model, [alice, bob], { obfuscation: rog.uniformQuantizer({ bits: 4 }) })
 */
export function observeSum(model: Model, updates: readonly Update[], options: ObserveSumOptions = {}): Observation {
  const where = 'observeSum';
  checkArguments(where, 'observeSum(model, updates)', { model });
  checkOptions(where, options, ['obfuscation', 'seed', 'labels', 'weights']);
  if (!Array.isArray(updates) || updates.length === 0)
    throw problem(where, 'needs the updates of one client or more, in a list', updates);
  const { obfuscation, seed = 1, labels = 'infer' } = options;
  integer(where, 'seed', seed, 0);
  const each = Array.isArray(obfuscation) ? obfuscation : updates.map(() => obfuscation);
  if (each.length !== updates.length)
    throw problem(where, `obfuscation must be one, or one for each of ${updates.length} clients`, each.length);
  const phis = each.map((phi) => (phi === undefined ? undefined : asObfuscation(where, phi)));
  const [first] = updates;
  const [phi] = phis;
  if (first && updates.length === 1) return observe(model, first, { seed, labels, ...(phi && { obfuscation: phi }) });
  const sent = updates.map((update, c) => sentBy(where, model, update, phis[c], deriveSeed(seed, 'client', c)));
  const weights = options.weights ?? updates.map(({ client }) => client.batchSize);
  const { tensors, client } = averageUpdates(
    updates.map(({ unsent: _, ...update }, c) => ({ ...update, tensors: sent[c]!.tensors })),
    weights,
  );
  checkAttackable(where, model, tensors, 'the sum after phi');
  const total = weights.reduce((sum, w) => sum + w, 0);
  const shares = weights.map((w) => w / total);
  const reports = sent.map(({ report }) => report);
  const known = toldLabels(where, model, labels, client.batchSize);
  return {
    kind: 'observation',
    model,
    tensors,
    client,
    obfuscation: {
      name: reports[0]!.name,
      parameters: { ...reports[0]!.parameters, clients: updates.length },
      bitsPerEntry: reports.reduce((sum, { bitsPerEntry }) => sum + bitsPerEntry / reports.length, 0),
      evidence: tensors.map((_, k) =>
        summedEvidence(
          reports.map(({ evidence }) => evidence[k]!),
          shares,
        ),
      ),
    },
    ...(known && { labels: known }),
  };
}

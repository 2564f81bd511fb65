import { problem } from '../core/errors.js';
import type { Batch, Model } from '../core/types.js';
import { type Dataset, openDataset } from '../data/index.js';
import { loadWeights, network } from '../models/index.js';
import { lookUp, MODELS } from '../registry/index.js';
import type { Audit } from './config.js';

/** The network and the private batches of an audit. */
export interface Subject {
  readonly data: Dataset;
  readonly model: Model;
  readonly batches: readonly Batch[];
  /** Whether the weights are the user's own. */
  readonly trained: boolean;
  /** The network after the client's own round. */
  readonly after?: Model;
}

/** Opens what a config names. Errors: those of the data, the network and the weights; batches larger than the data. */
export async function subjectOf(audit: Audit): Promise<Subject> {
  const { network: choice, seed, batch: size } = audit;
  const data = await openDataset(audit.data, audit.size === undefined ? {} : { size: audit.size });
  const count = data.sizes.test;
  if (count < size * audit.batches)
    throw problem('audit', `${audit.batches} batches of ${size} need as many images`, `${count} in ${data.name}`);
  const fitted = { imageShape: data.imageShape, classes: data.classNames.length, seed };
  const blank =
    typeof choice === 'string'
      ? lookUp('audit network', MODELS, choice)(fitted)
      : network({ name: 'network', ...choice, ...fitted });
  const model = audit.weights === undefined ? blank : await loadWeights(audit.weights, blank);
  const after = audit.after === undefined ? undefined : await loadWeights(audit.after, model);
  const batches = Array.from({ length: audit.batches }, (_, k) =>
    data.batch({ split: 'test', ...(after ? { indices: [...Array(size).keys()] } : { size, seed: seed + k }) }),
  );
  return { data, model, batches, trained: audit.weights !== undefined, ...(after && { after }) };
}

import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { trainedOf } from '../core/frozen.js';
import type { Batch, Model } from '../core/types.js';
import { type Dataset, openDataset } from '../data/index.js';
import type { ClientOptions } from '../federation/index.js';
import {
  type BatchNormMode,
  batchNormMode,
  type Gradients,
  loadGradients,
  loadNetwork,
  loadSent,
  loadWeights,
  network,
  precode,
  type SentWeights,
  withModes,
} from '../models/index.js';
import { lookUp, MODELS } from '../registry/index.js';
import { type Audit, isFile } from './config.js';
import { type Gallery, galleryOf } from './kappa.js';

/** The network and the private batches of an audit. */
export interface Subject {
  readonly data: Dataset;
  readonly model: Model;
  readonly batches: readonly Batch[];
  /** Whether the weights are the user's own. */
  readonly trained: boolean;
  /** Layers into which the exporter of its file folded batch normalisation, where there are any. */
  readonly folded?: readonly string[];
  /** Its file ends in a softmax, which was left out. */
  readonly softmax?: true;
  /** How its batch normalisation works; absent where it has none. */
  readonly batchNorm?: BatchNormMode;
  /** The network after the client's own round. */
  readonly after?: SentWeights;
  /** The client's own gradient. */
  readonly gradients?: Gradients;
  /** Parameters that the client trained and did not send: its file does not hold them. */
  readonly unsent?: readonly string[];
  /** Pictures among which the private ones are looked for. */
  readonly gallery: Gallery;
}

/** Opens what a config names. @throws those of the data, the network and the weights; batches larger than the data */
export async function subjectOf(audit: Audit): Promise<Subject> {
  const { seed } = audit;
  const size = audit.batch * audit.clients;
  const data = await openDataset(audit.data, audit.size === undefined ? {} : { size: audit.size });
  const count = data.sizes.test;
  if (count < size * audit.batches)
    throw problem('audit', `${audit.batches} batches of ${size} need as many images`, `${count} in ${data.name}`);
  const given = await blankOf(audit, data);
  const bare = audit.batchNorm === undefined ? given : withModes(given, { batchNorm: audit.batchNorm });
  const blank = audit.precode ? precode(bare, { ...audit.precode, seed }) : bare;
  const model = audit.weights === undefined ? blank : await loadWeights(audit.weights, blank);
  const { frozen } = audit.client;
  const part = frozen ? { frozen } : {};
  const after = audit.after === undefined ? undefined : await loadSent(audit.after, model, part);
  const gradients = audit.gradients === undefined ? undefined : await loadGradients(audit.gradients, model, part);
  const unsent = keptBack(model, frozen, (after ?? gradients)?.unsent);
  const isReal = after !== undefined || gradients !== undefined;
  const batches = Array.from({ length: audit.batches }, (_, k) =>
    data.batch({ split: 'test', ...(isReal ? { indices: [...Array(size).keys()] } : { size, seed: seed + k }) }),
  );
  const trained = audit.weights !== undefined || isOnnx(audit);
  const gallery = await galleryOf(data, batches);
  const batchNorm = batchNormMode(model);
  const known = {
    ...(batchNorm && { batchNorm }),
    ...(unsent.length > 0 && { unsent }),
    ...(model.file?.folded.length && { folded: model.file.folded }),
    ...(model.file?.softmax && { softmax: true as const }),
  };
  return { data, model, batches, trained, ...known, gallery, ...(after && { after }), ...(gradients && { gradients }) };
}

/** Of what a file does not hold, what was trained. */
function keptBack(model: Model, frozen: ClientOptions['frozen'], unsent: readonly string[] = []): string[] {
  const trained = trainedOf(model, frozen);
  const names = model.parameters.filter((_, k) => trained[k]).map(({ name }) => name);
  return names.filter((name) => unsent.includes(name));
}

const isOnnx = ({ network: choice }: Audit): boolean => typeof choice === 'string' && isFile(choice);

/** A network of the data's size and classes. @throws an ONNX file of another size or number of classes */
async function blankOf({ network: choice, seed }: Audit, { imageShape, classNames, name }: Dataset): Promise<Model> {
  const fitted = { imageShape, classes: classNames.length, seed };
  if (typeof choice !== 'string') return network({ name: 'network', ...choice, ...fitted });
  if (!isFile(choice)) return lookUp('audit network', MODELS, choice)(fitted);
  const model = await loadNetwork(choice);
  if (String(model.imageShape) !== String(imageShape) || model.classes !== fitted.classes)
    throw problem(
      'audit',
      `${choice} takes images of [${model.imageShape}] and tells ${model.classes} classes apart`,
      `${name} with [${imageShape}] and ${fitted.classes}`,
      'set size, or choose the data that the network was made for',
    );
  return model;
}

/** A batch as those of several clients, one after the other. */
export function partsOf(batch: Batch, clients: number): Batch[] {
  const [count = 0, ...shape] = batch.images.shape;
  const each = count / clients;
  const size = sizeOf(shape);
  return Array.from({ length: clients }, (_, c) => {
    const data = batch.images.data.subarray(c * each * size, (c + 1) * each * size);
    const labels = batch.labels.subarray(c * each, (c + 1) * each);
    return { ...batch, images: { shape: [each, ...shape], data }, labels };
  });
}

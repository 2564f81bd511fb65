import { decodeSafetensors, encodeSafetensors } from '../assets/index.js';
import { parsedJson } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import type { Batch, Model } from '../core/types.js';

/** Bytes that are named by their hash. */
export interface Blob {
  readonly hash: string;
  readonly bytes: Uint8Array;
}

const blobOf = (bytes: Uint8Array): Blob => ({ hash: sha256(bytes), bytes });

/** The private images, labels and class names of a batch; not where they are from. */
export const batchBlob = ({ images, labels, classNames }: Batch): Blob =>
  blobOf(
    encodeSafetensors([{ name: 'images', ...images }], {
      labels: JSON.stringify([...labels]),
      classNames: JSON.stringify(classNames),
    }),
  );

export function batchFrom(bytes: Uint8Array, source: string): Batch {
  const { tensors, metadata } = decodeSafetensors(bytes, 'the images of a cell');
  const { shape, data } = tensors[0]!;
  const list = (name: string): unknown => parsedJson('the images of a cell', metadata[name] ?? '');
  const labels = Int32Array.from(list('labels') as number[]);
  return { images: { shape, data }, labels, classNames: list('classNames') as string[], source };
}

/** Parameters and, of a network that has them, running statistics. */
export const weightsBlob = ({ parameters, buffers = [] }: Pick<Model, 'parameters' | 'buffers'>): Blob =>
  blobOf(encodeSafetensors([...parameters, ...buffers]));

export function withWeights(model: Model, bytes: Uint8Array): Model {
  const { tensors } = decodeSafetensors(bytes, 'the weights of a cell');
  const own = new Set(model.parameters.map(({ name }) => name));
  const parameters = tensors.filter(({ name }) => own.has(name));
  const buffers = tensors.filter(({ name }) => !own.has(name));
  return { ...model, parameters, ...(buffers.length > 0 && { buffers }) };
}

/** The hashes of what a cell needs beside its settings. */
export const needsOf = (job: { images: string; network: { weights?: string } }): string[] =>
  job.network.weights ? [job.images, job.network.weights] : [job.images];

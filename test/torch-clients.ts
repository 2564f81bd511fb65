import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ndarray } from '../src/core/arrays.js';
import type { Batch, ImageShape, Layer } from '../src/core/types.js';
import type { ClientOptions } from '../src/federation/index.js';
import { root } from './fixtures.js';

/**
 * One client round of a network of PyTorch: files before and after, private images, answers
 * (test/golden/torch-clients.py).
 */
export interface TorchClient {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly imageShape: ImageShape;
  readonly classes: number;
  readonly images: readonly number[];
  readonly labels: readonly number[];
  readonly logits: readonly number[];
  readonly client: ClientOptions;
  readonly before: string;
  readonly after: string;
  /** The network before the round as ONNX, where it was exported. */
  readonly network?: string;
}

export const torchClients = JSON.parse(
  readFileSync(join(root, 'test/golden/torch-clients.json'), 'utf8'),
) as readonly TorchClient[];

/** Writes one of the files into a folder. */
export function writeState(folder: string, { name, ...files }: TorchClient, which: 'before' | 'after'): string {
  const path = join(folder, `${name.replace(/\W+/g, '-')}-${which}`);
  writeFileSync(path, Buffer.from(files[which], 'base64'));
  return path;
}

/** Writes the network of a case into a folder. */
export function writeNetwork(folder: string, { name, network = '' }: TorchClient): string {
  const path = join(folder, `${name.replace(/\W+/g, '-')}.onnx`);
  writeFileSync(path, Buffer.from(network, 'base64'));
  return path;
}

/** Writes the private pictures as a table of pixels; a last row so that there are four classes. */
export function writeTable(folder: string, { name, images, labels, imageShape }: TorchClient): string {
  const size = imageShape[0] * imageShape[1] * imageShape[2];
  const row = (label: number, k: number): string =>
    [label, ...images.slice(k * size, (k + 1) * size).map((x) => Math.round(255 * x))].join(',');
  const header = ['label', ...Array.from({ length: size }, (_, i) => `pixel${i}`)].join(',');
  const path = join(folder, `${name.replace(/\W+/g, '-')}.csv`);
  writeFileSync(path, [header, ...labels.map(row), row(1, 0)].join('\n'));
  return path;
}

export const batchOf = ({ images, labels, imageShape }: TorchClient): Pick<Batch, 'images' | 'labels'> => ({
  images: ndarray([labels.length, ...imageShape], Float32Array.from(images)),
  labels: Int32Array.from(labels),
});

/** The gradient of one of the clients in one of the forms in which people keep it (test/golden/torch-gradients.py). */
export interface TorchGradients {
  readonly client: string;
  readonly form: string;
  readonly gradients: string;
  /** PyTorch's label_smoothing. */
  readonly smoothing?: number;
  /** PyTorch's modules without a gradient: None. */
  readonly frozen?: readonly string[];
  /** Weights of its own, where they are not the client's. */
  readonly before?: string;
}

export const torchGradients = JSON.parse(
  readFileSync(join(root, 'test/golden/torch-gradients.json'), 'utf8'),
) as readonly TorchGradients[];

/** Writes weights before and gradients into a folder. */
export function writeGradients(folder: string, { client, form, gradients, before }: TorchGradients) {
  const golden = torchClients.find(({ name }) => name === client)!;
  const path = join(folder, `${client} ${form}`.replace(/\W+/g, '-'));
  writeFileSync(path, Buffer.from(gradients, 'base64'));
  return { golden, path, before: writeState(folder, before ? { ...golden, name: form, before } : golden, 'before') };
}

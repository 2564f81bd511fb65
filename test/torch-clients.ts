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

export const batchOf = ({ images, labels, imageShape }: TorchClient): Pick<Batch, 'images' | 'labels'> => ({
  images: ndarray([labels.length, ...imageShape], Float32Array.from(images)),
  labels: Int32Array.from(labels),
});

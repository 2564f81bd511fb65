import { problem } from '../core/errors.js';
import type { NamedArray } from '../core/types.js';
import { LIMITS } from './limits.js';
import { isNpy } from './numpy/npy.js';
import { npyTensors, npzTensors } from './numpy/npz.js';
import { decodeSafetensors } from './safetensors.js';
import { torchTensors } from './torch/load-torch.js';
import { type ByteSource, fileSource } from './torch/source.js';
import { zipEntries } from './torch/zip.js';

/** The kinds of file that hold tensors, told by their content, never by their name. */
export type TensorFormat = 'safetensors' | 'torch' | 'npz' | 'npy';

/** Arrays of a file in the file's own axis order. */
export interface TensorFile {
  readonly format: TensorFormat;
  readonly tensors: readonly NamedArray[];
}

const READERS: Readonly<Record<TensorFormat, (source: ByteSource, where: string) => Promise<readonly NamedArray[]>>> = {
  safetensors: async (source, where) => decodeSafetensors(await whole(source), where).tensors,
  torch: (source) => torchTensors(source),
  npz: npzTensors,
  npy: async (source, where) => npyTensors(await whole(source), where),
};

const whole = (source: ByteSource): Promise<Uint8Array> => {
  if (source.size > LIMITS.stateBytes)
    throw problem('loadTensors', `${source.name} may have at most ${LIMITS.stateBytes} bytes`, source.size);
  return source.read(0, source.size);
};

/**
 * The tensors of a PyTorch checkpoint (zip or legacy), a .npz or .npy file of numpy, or a safetensors file. Nothing of
 * a file is ever executed.
 * @throws none of these kinds; whatever the reader of the kind refuses
 * @example const { format, tensors } = await rog.data.loadTensors('round-3.safetensors')
 */
export async function loadTensors(path: string): Promise<TensorFile> {
  const source = await fileSource(path);
  try {
    const where = `loadTensors ${path}`;
    const format = await formatOf(source, where);
    return { format, tensors: await READERS[format](source, where) };
  } finally {
    await source.close();
  }
}

async function formatOf(source: ByteSource, where: string): Promise<TensorFormat> {
  const start = await source.read(0, Math.min(16, source.size));
  if (isNpy(start)) return 'npy';
  if (start[0] === 0x80) return 'torch';
  if (start[8] === 0x7b) return 'safetensors'; // { after the length of the header
  if (start[0] === 0x50 && start[1] === 0x4b) {
    const names = [...(await zipEntries(source, where)).keys()];
    if (names.some((name) => name.endsWith('/data.pkl'))) return 'torch';
    if (names.some((name) => name.endsWith('.npy'))) return 'npz';
    throw problem(where, 'this zip holds neither a PyTorch checkpoint nor numpy arrays', names.slice(0, 3));
  }
  const kinds = 'PyTorch (.pt, .pth), numpy (.npz, .npy) and safetensors files are read';
  throw problem(where, 'this is no file of tensors', `${source.size} bytes`, kinds);
}

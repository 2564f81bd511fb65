import { problem } from '../../core/errors.js';
import { halfToFloat } from '../half.js';
import { LIMITS } from '../limits.js';

interface StorageType {
  readonly bytes: number;
  /** The entry that begins at a byte. */
  readonly value: (data: DataView, at: number) => number;
}

const type = (bytes: number, value: StorageType['value']): StorageType => ({ bytes, value });

/** PyTorch's storages, little-endian, and how their entries become 32-bit floats. */
export const STORAGE_TYPES: Readonly<Record<string, StorageType>> = {
  'torch.FloatStorage': type(4, (data, at) => data.getFloat32(at, true)),
  'torch.DoubleStorage': type(8, (data, at) => data.getFloat64(at, true)),
  'torch.HalfStorage': type(2, (data, at) => halfToFloat(data.getUint16(at, true))),
  'torch.BFloat16Storage': type(2, (data, at) => bfloat(data.getUint16(at, true))),
  'torch.LongStorage': type(8, (data, at) => Number(data.getBigInt64(at, true))),
  'torch.IntStorage': type(4, (data, at) => data.getInt32(at, true)),
  'torch.ShortStorage': type(2, (data, at) => data.getInt16(at, true)),
  'torch.CharStorage': type(1, (data, at) => data.getInt8(at)),
  'torch.ByteStorage': type(1, (data, at) => data.getUint8(at)),
  'torch.BoolStorage': type(1, (data, at) => data.getUint8(at)),
};

const bfloat = (bits: number): number => new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;

/** Where the entries of a storage are said to lie: its key in the file, its type and its length. */
export interface Storage {
  readonly key: string;
  readonly type: string;
  readonly count: number;
}

/** A tensor before its bytes are read: a strided view of a storage. */
export interface View {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const whole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const allWhole = (list: unknown): list is number[] => Array.isArray(list) && list.every(whole);

export const storageBytes = ({ type, count }: Storage): number => STORAGE_TYPES[type]!.bytes * count;

/** The storage a persistent id stands for: ('storage', type, key, device, length[, view]). */
export function readStorage(where: string, id: unknown): Storage {
  const [kind, type, key, , count, view = null] = (Array.isArray(id) ? id : []) as unknown[];
  const name = (type as { global?: string } | undefined)?.global;
  if (kind !== 'storage' || typeof key !== 'string' || !whole(count) || view !== null)
    throw problem(where, 'every persistent id must be a storage with a key and a length', id);
  if (!name || !Object.hasOwn(STORAGE_TYPES, name))
    throw problem(where, `storage ${key} must be one of ${Object.keys(STORAGE_TYPES).join(', ')}`, name);
  return { key, type: name, count };
}

/** The arguments of torch._utils._rebuild_tensor_v2: (storage, offset, size, stride, ...). */
export function readView(where: string, args: readonly unknown[]): View {
  const [storage, offset, shape, strides] = args as [Storage, number, number[], number[]];
  if (typeof storage?.key !== 'string' || !whole(offset) || !allWhole(shape) || !allWhole(strides))
    throw problem(where, 'a tensor needs a storage, an offset, a shape and strides', args);
  const entries = shape.reduce((product, n) => product * n, 1);
  const last = offset + shape.reduce((sum, n, i) => sum + (n - 1) * strides[i]!, 0);
  if (shape.length > LIMITS.dimensions)
    throw problem(where, `a tensor may have ${LIMITS.dimensions} dimensions`, shape.length);
  const repeats = strides.some((stride, i) => stride === 0 && shape[i]! > 1);
  const tooMany = entries > storage.count * (repeats ? MOST_REPEATS : 1);
  if (shape.length !== strides.length || tooMany || (entries > 0 && !(last < storage.count)))
    throw problem(
      where,
      `a tensor of shape [${shape}] and strides [${strides}] at ${offset} does not fit its storage of ` +
        `${storage.count} entries`,
      undefined,
      'the file is corrupt',
    );
  return { storage, offset, shape, strides };
}

/** How often an expanded view may repeat the entries of its storage. */
const MOST_REPEATS = 4096;

/** The entries of a view, row-major. */
export function materialise({ storage, offset, shape, strides }: View, bytes: Uint8Array): Float32Array {
  const { bytes: width, value } = STORAGE_TYPES[storage.type]!;
  const all = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const size = shape.reduce((product, n) => product * n, 1);
  const out = new Float32Array(size);
  const index = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < size; i++) {
    out[i] = value(all, at * width);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

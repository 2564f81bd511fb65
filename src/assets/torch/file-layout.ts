import { problem } from '../../core/errors.js';
import { LIMITS } from '../limits.js';
import { NUMPY_BUILDERS, NUMPY_MENTIONS } from '../numpy/pickled.js';
import { type Builders, isTruncated, type Unpickled, unpickle } from './pickle.js';
import type { ByteSource } from './source.js';
import { readStorage, readView, STORAGE_TYPES, type Storage, storageBytes } from './storage.js';
import { zipContent, zipEntries } from './zip.js';

/** A checkpoint whose tensors are not read yet. */
export interface Layout {
  /** What torch.save was given: containers with {@link View}s as leaves. */
  readonly value: unknown;
  /** Where the bytes of a storage lie, and how they are taken out (and checked). */
  readonly locate: (storage: Storage) => Segment;
}

/** A part of the file. */
export interface Segment {
  readonly begin: number;
  readonly end: number;
  readonly content: (bytes: Uint8Array) => Uint8Array;
}

const CORRUPT = 'the file is truncated or corrupt';

/** What a name that is refused stands for, and what to do instead. */
const HINTS: readonly (readonly [names: RegExp, hint: string])[] = [
  [/_rebuild_qtensor$/, 'it is a quantized tensor; dequantize() it before it is saved'],
  [/_rebuild_sparse/, 'it is a sparse tensor; to_dense() before it is saved'],
  [/Complex\w*Storage$/, 'complex numbers are not read'],
  [/_rebuild_tensor_v3$/, 'it is a tensor of 8 bits or another new type; save it as float32'],
  [/_rebuild_meta_tensor/, 'it is a tensor without values (device meta)'],
  [/_rebuild_(from_type|wrapper|device)/, 'it is a tensor of a class or device of its own; save plain ones'],
  [/^__torch__\./, 'it is TorchScript; save its state_dict()'],
  [/^(torch\.nn\.|torchvision\.|__main__\.)/, "it is a module or an object of somebody's class; save its state_dict()"],
];

const pickleOptions = (where: string) => {
  const builders: Builders = {
    'collections.OrderedDict': (args) => ordered(where, args),
    'torch._utils._rebuild_tensor_v2': (args) => readView(where, args),
    'torch._utils._rebuild_parameter': ([view]) => view,
  };
  return {
    where,
    builders: { ...builders, ...NUMPY_BUILDERS },
    mentions: [...Object.keys(STORAGE_TYPES), ...NUMPY_MENTIONS],
    hint: (global: string) => HINTS.find(([names]) => names.test(global))?.[1],
    persistent: (id: unknown) => readStorage(where, id),
  };
};

/** OrderedDict() or OrderedDict([[key, value], ...]), as Python 2 wrote it. */
function ordered(where: string, [pairs = []]: readonly unknown[]): Map<unknown, unknown> {
  if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2))
    throw problem(where, 'an OrderedDict must be made of pairs', pairs, CORRUPT);
  return new Map(pairs as [unknown, unknown][]);
}

/** torch.save since 1.6: a zip with the pickle in `NAME/data.pkl` and every storage in `NAME/data/KEY`. */
export async function zipLayout(source: ByteSource, where: string): Promise<Layout> {
  const entries = await zipEntries(source, where);
  const read = async (name: string) => {
    const entry = entries.get(name)!;
    if (entry.size > LIMITS.pickleBytes) throw tooLong(where, entry.size);
    return zipContent(entry, await source.read(entry.begin, entry.end), where);
  };
  const pickles = [...entries.keys()].filter((name) => name.split('/').length === 2 && name.endsWith('/data.pkl'));
  if (pickles.length !== 1) {
    const fix = 'is it another kind of zip?';
    throw problem(where, 'a PyTorch checkpoint has one NAME/data.pkl', [...entries.keys()], fix);
  }
  const prefix = pickles[0]!.slice(0, -'data.pkl'.length);
  if (entries.has(`${prefix}byteorder`)) {
    const order = new TextDecoder().decode(await read(`${prefix}byteorder`));
    if (order !== 'little') throw problem(where, 'the byte order must be little', order);
  }
  const { value } = unpickle(await read(pickles[0]!), 0, pickleOptions(where));
  return {
    value,
    locate: (storage) => {
      const entry = entries.get(`${prefix}data/${storage.key}`);
      if (entry?.size !== storageBytes(storage))
        throw problem(where, `storage ${storage.key} needs ${storageBytes(storage)} bytes`, entry?.size ?? 'no file');
      return { begin: entry.begin, end: entry.end, content: (bytes) => zipContent(entry, bytes, where) };
    },
  };
}

/**
 * A pickle alone, of pickle.dump: everything that it holds is inside it.
 * @throws more than `pickleBytes`, bytes after its end
 */
export async function plainLayout(source: ByteSource, where: string): Promise<Layout> {
  if (source.size > LIMITS.pickleBytes) throw tooLong(where, source.size);
  const { value, end } = unpickle(await source.read(0, source.size), 0, pickleOptions(where));
  if (end !== source.size) throw problem(where, `the pickle ends at byte ${end}`, source.size, CORRUPT);
  return {
    value,
    locate: ({ key }) => {
      throw problem(where, `storage ${key} is not in the file`, undefined, CORRUPT);
    },
  };
}

/** Whether a file begins as torch.save did before 1.6: the magic number, pickled. */
export async function isLegacy(source: ByteSource): Promise<boolean> {
  const head = await source.read(0, Math.min(LEGACY.length, source.size));
  return head.every((byte, i) => byte === LEGACY[i]);
}

const LEGACY = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/**
 * torch.save before 1.6: five pickles (magic number, protocol, system, object, storage keys in order), then for each
 * storage its length as int64 and its entries. Nothing has a checksum.
 */
export async function legacyLayout(source: ByteSource, where: string): Promise<Layout> {
  const storages = new Map<string, Storage>();
  const options = pickleOptions(where);
  const persistent = (id: unknown): Storage => {
    const storage = readStorage(where, id);
    storages.set(storage.key, storage);
    return storage;
  };
  const [magic, protocol, system, object, keys] = await readPickles(source, where, 5, (bytes, at) =>
    unpickle(bytes, at, { ...options, persistent }),
  );
  if (magic!.value !== MAGIC || protocol!.value !== PROTOCOL)
    throw problem(where, 'this is no checkpoint of torch.save', undefined, 'zip and legacy pickle files are read');
  if (!(system!.value instanceof Map) || system!.value.get('little_endian') !== true)
    throw problem(where, 'the byte order must be little');
  const order = keys!.value;
  if (!Array.isArray(order) || order.length !== storages.size || !order.every((key) => storages.has(key as string)))
    throw problem(where, 'the list of storages must name each of them once', order, CORRUPT);
  const begins = new Map<string, number>();
  let at = keys!.end;
  for (const key of order as string[]) {
    begins.set(key, at);
    at += 8 + storageBytes(storages.get(key)!);
  }
  if (begins.size !== order.length || at !== source.size)
    throw problem(where, `the storages need a file of ${at} bytes`, source.size, CORRUPT);
  return { value: object!.value, locate: (storage) => legacySegment(storage, begins.get(storage.key)!, where) };
}

function legacySegment(storage: Storage, begin: number, where: string): Segment {
  return {
    begin,
    end: begin + 8 + storageBytes(storage),
    content: (bytes) => {
      const count = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true);
      if (count !== BigInt(storage.count))
        throw problem(where, `storage ${storage.key} must have ${storage.count} entries`, String(count), CORRUPT);
      return bytes.subarray(8);
    },
  };
}

const tooLong = (where: string, bytes: number): Error =>
  problem(where, `a pickle may have at most ${LIMITS.pickleBytes} bytes`, bytes);

/** Pickles one after the other from the beginning, reading more of the file only while they need it. */
async function readPickles(
  source: ByteSource,
  where: string,
  count: number,
  read: (bytes: Uint8Array, at: number) => Unpickled,
): Promise<Unpickled[]> {
  for (let length = 1 << 16; ; length *= 4) {
    if (length > 4 * LIMITS.pickleBytes) throw tooLong(where, length);
    const bytes = await source.read(0, Math.min(length, source.size));
    try {
      const found: Unpickled[] = [];
      while (found.length < count) found.push(read(bytes, found.at(-1)?.end ?? 0));
      return found;
    } catch (error) {
      if (!isTruncated(error) || length >= source.size) throw error;
    }
  }
}

/** Checkpoints written by hand, so that tests can bend every part of them. */
import { crc32 } from 'node:zlib';

const text = (value: string): Buffer => Buffer.from(value);
const u16 = (value: number): Buffer => Buffer.from(Uint16Array.of(value).buffer);
const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);

/** Pieces of a pickle of protocol 2. */
export const op = {
  start: Buffer.of(0x80, 2),
  stop: text('.'),
  mark: text('('),
  tuple: text('t'),
  none: text('N'),
  false: Buffer.of(0x89),
  emptyTuple: text(')'),
  emptyDict: text('}'),
  emptyList: text(']'),
  setItems: text('u'),
  appends: text('e'),
  reduce: text('R'),
  persistent: text('Q'),
  int: (value: number) => Buffer.concat([text('J'), Buffer.from(Int32Array.of(value).buffer)]),
  string: (value: string) => Buffer.concat([text('X'), u32(text(value).length), text(value)]),
  global: (module: string, name: string) => text(`c${module}\n${name}\n`),
  put: (index: number) => Buffer.of(0x71, index),
  get: (index: number) => Buffer.of(0x68, index),
};

export const pickle = (...parts: Buffer[]): Buffer => Buffer.concat([op.start, ...parts, op.stop]);

const tuple = (...items: Buffer[]): Buffer => Buffer.concat([op.mark, ...items, op.tuple]);

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Bend {
  /** What the pickle says instead of the truth. */
  readonly count?: number;
  readonly shape?: readonly number[];
  readonly strides?: readonly number[];
  readonly offset?: number;
  readonly storage?: string;
  readonly key?: string;
}

function tensorOps({ shape, data }: Tensor, key: string, legacy: boolean, bend: Bend): Buffer {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const storage = tuple(
    op.string('storage'),
    op.global('torch', bend.storage ?? 'FloatStorage'),
    op.string(bend.key ?? key),
    op.string('cuda:0'),
    op.int(bend.count ?? data.length),
    ...(legacy ? [op.none] : []),
  );
  const args = tuple(
    Buffer.concat([storage, op.persistent]),
    op.int(bend.offset ?? 0),
    tuple(...(bend.shape ?? shape).map(op.int)),
    tuple(...(bend.strides ?? strides).map(op.int)),
    op.false,
    Buffer.concat([op.global('collections', 'OrderedDict'), op.emptyTuple, op.reduce]),
  );
  return Buffer.concat([op.global('torch._utils', '_rebuild_tensor_v2'), args, op.reduce]);
}

/** A dict name -> tensor. */
export const stateDict = (tensors: readonly Tensor[], legacy: boolean, bend: Bend = {}): Buffer =>
  pickle(
    op.emptyDict,
    op.mark,
    ...tensors.flatMap((tensor, k) => [op.string(tensor.name), tensorOps(tensor, String(k), legacy, bend)]),
    op.setItems,
  );

const bytesOf = (data: Float32Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** The old format: five pickles, then the storages. */
export function legacyFile(tensors: readonly Tensor[], object = stateDict(tensors, true)): Buffer {
  const magic = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
  const system = pickle(op.emptyDict, op.mark, op.string('little_endian'), Buffer.of(0x88), op.setItems);
  const keys = pickle(op.emptyList, op.mark, ...tensors.map((_, k) => op.string(String(k))), op.appends);
  const storages = tensors.map(({ data }) =>
    Buffer.concat([Buffer.from(BigInt64Array.of(BigInt(data.length)).buffer), bytesOf(data)]),
  );
  return Buffer.concat([magic, pickle(op.int(1001)), system, object, keys, ...storages]);
}

/** A zip of stored files. */
export function zip(files: readonly (readonly [name: string, content: Buffer])[], method = 0): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of files) {
    const common = Buffer.concat([
      ...[u16(0), u16(0), u16(method), u32(0), u32(crc32(content)), u32(content.length), u32(content.length)],
      u16(text(name).length),
    ]);
    const local = Buffer.concat([text('PK\x03\x04'), common, u16(5), text(name), Buffer.alloc(5), content]);
    directory.push(
      Buffer.concat([text('PK\x01\x02'), u16(0), common, u16(0), u16(0), Buffer.alloc(8), u32(at), text(name)]),
    );
    locals.push(local);
    at += local.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = [text('PK\x05\x06'), u32(0), u16(files.length), u16(files.length), u32(size), u32(at), u16(0)];
  return Buffer.concat([...locals, ...directory, ...end]);
}

/** The new format. */
export const zipFile = (tensors: readonly Tensor[], object = stateDict(tensors, false)): Buffer =>
  zip([
    ['archive/data.pkl', object],
    ['archive/byteorder', text('little')],
    ...tensors.map(({ data }, k) => [`archive/data/${k}`, bytesOf(data)] as const),
  ]);

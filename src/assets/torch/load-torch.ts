import { sizeOf } from '../../core/arrays.js';
import { problem, show } from '../../core/errors.js';
import { checkOptions } from '../../core/options.js';
import type { NamedArray } from '../../core/types.js';
import { LIMITS } from '../limits.js';
import { pickledArray } from '../numpy/pickled.js';
import { isLegacy, type Layout, legacyLayout, plainLayout, type Segment, zipLayout } from './file-layout.js';
import { type ByteSource, fileSource } from './source.js';
import { materialise, type View } from './storage.js';

export interface TorchOptions {
  /** The tensors to read, by name; default all. Others cost nothing: their bytes are not touched. */
  readonly wanted?: (name: string) => boolean;
  /** How many bytes were read of how many. */
  readonly onProgress?: (received: number, total: number) => void;
}

/** Neighbours closer than this are read together. */
const GAP = 1 << 16;
/** One read is at most so long, so that progress is seen. */
const PIECE = 1 << 22;
const DEPTH = 8;

/**
 * The tensors of a PyTorch checkpoint (torch.save: zip or legacy pickle), and the arrays of numpy and byte blobs of
 * .npy files (Flower's Parameters) in it or in a pickle alone, as 32-bit floats, row-major, in PyTorch's own axis
 * order; a tensor inside dicts or lists is named by its path, `model.layer.weight`.
 *
 * Only tensors and plain containers are ever built: nothing of the file is executed, and any other opcode, class or
 * function is refused by name. Reads from `source` only what the wanted tensors need.
 * @throws another kind of file, truncation, sizes that do not fit, checksums that do not match (zip)
 */
export async function torchTensors(source: ByteSource, options: TorchOptions = {}): Promise<NamedArray[]> {
  checkOptions('torchTensors', options, ['wanted', 'onProgress']);
  const { wanted = () => true, onProgress } = options;
  const where = `torchTensors ${source.name}`;
  const start = await source.read(0, Math.min(4, source.size));
  if (start.length < 4) throw problem(where, 'a checkpoint has at least 4 bytes', source.size);
  const zip = start[0] === 0x50 && start[1] === 0x4b;
  if (!zip && start[0] !== 0x80)
    throw problem(where, 'this is no checkpoint of torch.save', undefined, 'zip and legacy pickle files are read');
  const layout = await (zip ? zipLayout : (await isLegacy(source)) ? legacyLayout : plainLayout)(source, where);
  const found = leaves(layout.value, where);
  if (found.length === 0 && !zip && !(await isLegacy(source)))
    throw problem(where, 'this is no checkpoint of torch.save', undefined, 'zip and legacy pickle files are read');
  const kept = found.filter(([path]) => wanted(path));
  const views = kept.filter((leaf): leaf is [string, View] => isView(leaf[1]));
  checkEntries(where, views);
  const bytes = await readStorages(source, layout, views, onProgress);
  return kept.map(([name, leaf]) =>
    isView(leaf) ? { name, shape: leaf.shape, data: materialise(leaf, bytes.get(leaf.storage.key)!) } : leaf,
  );
}

/** {@link torchTensors} of a file. */
export async function loadTorch(path: string, options: TorchOptions = {}): Promise<NamedArray[]> {
  const source = await fileSource(path);
  try {
    return await torchTensors(source, options);
  } finally {
    await source.close();
  }
}

/** Every tensor inside dicts and lists with its path; numbers and texts beside them are left out. */
function leaves(root: unknown, where: string): [string, View | NamedArray][] {
  let values = 0;
  const found: [string, View | NamedArray][] = [];
  let entries = 0;
  const walk = (value: unknown, path: string, depth: number): void => {
    if (++values > LIMITS.pickleValues)
      throw problem(where, `containers may hold at most ${LIMITS.pickleValues} values`, undefined, UNTRUSTED);
    if (depth === 0) throw problem(where, `containers may be nested ${DEPTH} deep`, path);
    if (path.length > LONGEST_NAME) throw problem(where, `a name may have ${LONGEST_NAME} characters`, path.length);
    const under = (key: unknown): string => (path ? `${path}.${name(key)}` : name(key));
    if (value instanceof Map) for (const [key, inner] of value) walk(inner, under(key), depth - 1);
    else if (Array.isArray(value)) value.forEach((inner, i) => void walk(inner, under(i), depth - 1));
    else if (isView(value)) found.push([path || 'tensor', value]);
    else {
      const array = pickledArray(value, where, path || 'array');
      entries += array?.data.length ?? 0;
      if (entries > LIMITS.pickleBytes)
        throw problem(where, `arrays may have ${LIMITS.pickleBytes} entries`, undefined, UNTRUSTED);
      if (array) found.push([array.name, array]);
    }
  };
  walk(root, '', DEPTH);
  return found;
}

const LONGEST_NAME = 4096;
const UNTRUSTED = 'a checkpoint that refers to the same parts so often is not trusted';
const name = (key: unknown): string => (typeof key === 'object' ? show(key) : String(key));

/** Several views of one storage are tied weights; thousands are made to cost memory. */
function checkEntries(where: string, views: readonly (readonly [string, View])[]): void {
  const stored = [...new Map(views.map(([, { storage }]) => [storage.key, storage.count])).values()];
  const most = LIMITS.entriesBeyond + 4 * stored.reduce((sum, count) => sum + count, 0);
  const all = views.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0);
  if (all > most) throw problem(where, `the tensors may have at most ${most} entries`, all, UNTRUSTED);
}

const isView = (value: unknown): value is View =>
  typeof value === 'object' && value !== null && 'storage' in value && 'strides' in value;

/** The bytes of each storage that a view needs, by key; neighbours in one read. */
async function readStorages(
  source: ByteSource,
  layout: Layout,
  views: readonly [string, View][],
  onProgress?: TorchOptions['onProgress'],
): Promise<Map<string, Uint8Array>> {
  const segments = new Map<string, Segment>();
  for (const [, { storage }] of views) segments.set(storage.key, layout.locate(storage));
  const sorted = [...segments].sort(([, a], [, b]) => a.begin - b.begin);
  const groups: (typeof sorted)[] = [];
  for (const item of sorted) {
    const last = groups.at(-1)?.at(-1)?.[1];
    if (last && item[1].begin - last.end <= GAP) groups.at(-1)!.push(item);
    else groups.push([item]);
  }
  const contents = new Map<string, Uint8Array>();
  const span = (group: typeof sorted) => [group[0]![1].begin, group.at(-1)![1].end] as const;
  const total = groups.reduce((sum, group) => sum + span(group)[1] - span(group)[0], 0);
  let received = 0;
  for (const group of groups) {
    const [begin, end] = span(group);
    const bytes = new Uint8Array(end - begin);
    for (let at = begin; at < end; at += PIECE) {
      const piece = await source.read(at, Math.min(end, at + PIECE));
      bytes.set(piece, at - begin);
      received += piece.length;
      onProgress?.(received, total);
    }
    for (const [key, segment] of group)
      contents.set(key, segment.content(bytes.subarray(segment.begin - begin, segment.end - begin)));
  }
  return contents;
}

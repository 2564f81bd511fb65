import { problem } from '../../core/errors.js';
import { checkOptions } from '../../core/options.js';
import type { NamedArray } from '../../core/types.js';
import { type Layout, legacyLayout, type Segment, zipLayout } from './layout.js';
import { type ByteSource, fileSource } from './source.js';
import { materialise, type View } from './storage.js';

/** Options of {@link torchTensors} and {@link loadTorch}. */
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
 * The tensors of a PyTorch checkpoint (torch.save: zip or legacy pickle) as 32-bit floats, row-major, in PyTorch's own axis
 * order; a tensor inside dicts or lists is named by its path, `model.layer.weight`.
 *
 * Only tensors and plain containers are ever built: nothing of the file is executed, and any other opcode, class or
 * function is refused by name. Reads from `source` only what the wanted tensors need.
 * Errors: another kind of file, truncation, sizes that do not fit, checksums that do not match (zip).
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
  const layout = await (zip ? zipLayout(source, where) : legacyLayout(source, where));
  const views = leaves(layout.value, '', where, DEPTH).filter(([name]) => wanted(name));
  const bytes = await readStorages(source, layout, views, onProgress);
  return views.map(([name, view]) => ({
    name,
    shape: view.shape,
    data: materialise(view, bytes.get(view.storage.key)!),
  }));
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
function leaves(value: unknown, path: string, where: string, depth: number): [string, View][] {
  if (depth === 0) throw problem(where, `containers may be nested ${DEPTH} deep`, path);
  const under = (key: unknown): string => (path ? `${path}.${key}` : String(key));
  if (value instanceof Map) return [...value].flatMap(([key, inner]) => leaves(inner, under(key), where, depth - 1));
  if (Array.isArray(value)) return value.flatMap((inner, i) => leaves(inner, under(i), where, depth - 1));
  return isView(value) ? [[path || 'tensor', value]] : [];
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

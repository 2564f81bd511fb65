import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { diskProblem } from '../../assets/files.js';
import { unsealed, warnDamaged } from './sealed.js';

/** Appends lines that are on the disk when the promise resolves. */
export interface SegmentWriter {
  readonly append: (line: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A file of lines of its own for this writer: no two processes ever append to the same one. Lines that come while
 * others are being flushed go together. A line that cannot be written whole is taken back, and the next try begins
 * where it began. The file is made with the first line; while it is written, its name says by whom.
 */
export function segmentWriter(folder: string): SegmentWriter {
  const name = `${host()}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const path = join(folder, `${name}.open.jsonl`);
  let handle: FileHandle | undefined;
  let length = 0;
  let queue: Waiting[] = [];
  let running: Promise<void> | undefined;
  const flush = async (): Promise<void> => {
    while (queue.length > 0) {
      const group = queue;
      queue = [];
      try {
        if (!handle) await mkdir(folder, { recursive: true });
        handle ??= await open(path, 'ax');
        const text = Buffer.from(group.map(({ line }) => `${line}\n`).join(''));
        await handle.appendFile(text);
        await handle.datasync();
        length += text.length;
        for (const { resolve } of group) resolve();
      } catch (error) {
        await handle?.truncate(length).catch(() => {});
        for (const { reject } of group) reject(diskProblem('sweep', path, error));
      }
    }
  };
  const append = (line: string): Promise<void> =>
    new Promise((resolve, reject) => {
      queue.push({ line, resolve, reject });
      running ??= flush().finally(() => {
        running = undefined;
      });
    });
  const close = async (): Promise<void> => {
    await running;
    if (!handle) return;
    await handle.close();
    handle = undefined;
    await rename(path, join(folder, `${name}.jsonl`));
  };
  return { append, close };
}

const host = (): string => hostname().replace(/[^\w]+/g, '_');

/** The files of a folder of segments: of other writers that are still at it only where they are asked for. */
export async function segmentsIn(folder: string): Promise<{ readonly all: string[]; readonly closed: string[] }> {
  const all = (await readdir(folder).catch(() => [] as string[])).filter((name) => name.endsWith('.jsonl')).sort();
  return { all, closed: all.filter((name) => !name.endsWith('.open.jsonl') || isDead(name)) };
}

/** A writer of this machine whose process is gone. */
function isDead(name: string): boolean {
  const [, machine, pid] = /^(.*)-(\d+)-\w+\.open\.jsonl$/.exec(name) ?? [];
  if (machine !== host()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** The whole lines of a segment as values; a kill may cut the last, any other that is damaged is a warning. */
export async function* readSegment<T>(path: string): AsyncGenerator<T> {
  const input = createReadStream(path);
  await new Promise((resolve, reject) => input.once('open', resolve).once('error', reject));
  let [number, cut] = [0, 0];
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (cut > 0) warnDamaged(`line ${cut} of ${path}`);
    number++;
    const value = unsealed(line);
    cut = value === undefined ? number : 0;
    if (value !== undefined) yield value as T;
  }
}

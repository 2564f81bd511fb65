import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { problem } from '../core/errors.js';
import type { PixelSource, Split } from './types.js';

/** Folder inside the official archive. */
export const ARCHIVE_FOLDER = 'cifar-10-batches-bin';

const CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
/** The files of the layout. */
export const CIFAR10_FILES: Readonly<Record<Split, readonly string[]>> = {
  train: [1, 2, 3, 4, 5].map((k) => `data_batch_${k}.bin`),
  test: ['test_batch.bin'],
};
const PLANE = 32 * 32;
const RECORD = 1 + 3 * PLANE;

/** The folder at or just below `root` that holds CIFAR-10 in its binary layout, or undefined. */
export function findCifar10(root: string): string | undefined {
  return [root, join(root, ARCHIVE_FOLDER)].find((folder) => existsSync(join(folder, CIFAR10_FILES.test[0]!)));
}

/**
 * CIFAR-10 (Krizhevsky 2009) from a folder in the official binary layout: records of 1 label byte and 3072 bytes in
 * R, G, B planes of 32x32. Train files may be absent. A split is read when it is first used.
 * Errors: a file whose size is no multiple of 3073 bytes, a label above 9.
 */
export function cifar10(folder: string): PixelSource {
  const files = {
    train: CIFAR10_FILES.train.map((file) => join(folder, file)).filter(existsSync),
    test: CIFAR10_FILES.test.map((file) => join(folder, file)),
  };
  const sizes = { train: countRecords(files.train), test: countRecords(files.test) };
  const loaded: Partial<Record<Split, Uint8Array>> = {};
  const records = (split: Split): Uint8Array => {
    const bytes = loaded[split] ?? readRecords(files[split]);
    loaded[split] = bytes;
    return bytes;
  };
  const complete = files.train.length === 0 || files.train.length === CIFAR10_FILES.train.length;
  return {
    name: 'cifar10',
    source: sourceOf(folder),
    ...(complete ? {} : { notice: `Only ${files.train.length} of the 5 CIFAR-10 training files are present.` }),
    classNames: CLASSES,
    imageShape: [32, 32, 3],
    sizes,
    labelAt: (split, index) => records(split)[index * RECORD]!,
    writeImage: (split, index, out, offset) => {
      const bytes = records(split);
      const start = index * RECORD + 1;
      for (let i = 0; i < PLANE; i++)
        for (let channel = 0; channel < 3; channel++)
          out[offset + 3 * i + channel] = bytes[start + channel * PLANE + i]! / 255;
    },
  };
}

function sourceOf(folder: string): string {
  const file = join(folder, 'SOURCE.txt');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  return 'CIFAR-10 (Krizhevsky 2009) in its binary layout from a local folder; where the files come from is not recorded.';
}

const countRecords = (files: readonly string[]): number =>
  files.reduce((sum, file) => {
    const { size } = statSync(file);
    if (size === 0 || size % RECORD !== 0)
      throw problem(
        'cifar10',
        `${file} must hold whole records of ${RECORD} bytes`,
        `${size} bytes`,
        'the file is truncated or of another kind: delete its folder and download again',
      );
    return sum + size / RECORD;
  }, 0);

function readRecords(files: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(countRecords(files) * RECORD);
  let offset = 0;
  for (const file of files) offset += readInto(file, bytes.subarray(offset));
  for (let i = 0; i < bytes.length; i += RECORD)
    if (bytes[i]! >= CLASSES.length)
      throw problem('cifar10', `labels are 0 to 9; record ${i / RECORD} of ${files.join(', ')} is corrupt`, bytes[i]);
  return bytes;
}

function readInto(file: string, target: Uint8Array): number {
  const handle = openSync(file, 'r');
  try {
    const { size } = statSync(file);
    let done = 0;
    while (done < size) {
      const count = readSync(handle, target, done, Math.min(size, target.length) - done, done);
      if (count === 0) throw problem('cifar10', `${file} became shorter while it was read`);
      done += count;
    }
    return size;
  } finally {
    closeSync(handle);
  }
}

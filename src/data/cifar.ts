import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '../assets/limits.js';
import { readBounded } from '../assets/read-bounded.js';
import { CIFAR10_NAMES } from '../core/class-names.js';
import { problem } from '../core/errors.js';
import { CIFAR100_NAMES } from './cifar100-names.js';
import { recordedSource } from './recorded-source.js';
import type { PixelSource, Split } from './types.js';

/** A data set in the binary layout of CIFAR: records of label bytes and 3072 bytes in R, G, B planes of 32x32. */
export interface CifarLayout {
  readonly name: string;
  readonly title: string;
  /** Folder inside the official archive. */
  readonly archiveFolder: string;
  readonly files: Readonly<Record<Split, readonly string[]>>;
  /** Label bytes of a record; the last one is the class. */
  readonly labels: number;
  readonly classNames: readonly string[];
}

export const CIFAR10: CifarLayout = {
  name: 'cifar10',
  title: 'CIFAR-10',
  archiveFolder: 'cifar-10-batches-bin',
  files: { train: [1, 2, 3, 4, 5].map((k) => `data_batch_${k}.bin`), test: ['test_batch.bin'] },
  labels: 1,
  classNames: CIFAR10_NAMES,
};

export const CIFAR100: CifarLayout = {
  name: 'cifar100',
  title: 'CIFAR-100',
  archiveFolder: 'cifar-100-binary',
  files: { train: ['train.bin'], test: ['test.bin'] },
  labels: 2,
  classNames: CIFAR100_NAMES,
};

const PLANE = 32 * 32;
const recordBytes = ({ labels }: CifarLayout): number => labels + 3 * PLANE;

/** The folder at or just below `root` that holds a data set of this layout, or undefined. */
export const findCifar = ({ archiveFolder, files }: CifarLayout, root: string): string | undefined =>
  [root, join(root, archiveFolder)].find((folder) => existsSync(join(folder, files.test[0]!)));

/**
 * CIFAR-10 or CIFAR-100 (Krizhevsky 2009; the 100 fine classes) from a folder in the official binary layout.
 * Train files may be absent. A split is read when it is first used.
 * @throws a file whose size is no multiple of a record's, a label beyond the classes
 */
export function cifar(layout: CifarLayout, folder: string): PixelSource {
  const { name, title, classNames, labels } = layout;
  const record = recordBytes(layout);
  const files = {
    train: layout.files.train.map((file) => join(folder, file)).filter(existsSync),
    test: layout.files.test.map((file) => join(folder, file)),
  };
  const sizes = { train: countRecords(layout, files.train), test: countRecords(layout, files.test) };
  const total = (sizes.train + sizes.test) * record;
  if (total > LIMITS.recordsBytes)
    throw problem(name, `the files of ${folder} may have at most ${LIMITS.recordsBytes} bytes`, total);
  const loaded: Partial<Record<Split, Uint8Array>> = {};
  const records = (split: Split): Uint8Array => {
    const bytes = loaded[split] ?? readRecords(layout, files[split]);
    loaded[split] = bytes;
    return bytes;
  };
  const [have, all] = [files.train.length, layout.files.train.length];
  return {
    name,
    source: recordedSource(folder, `${title} (Krizhevsky 2009) in its binary layout`),
    ...(have > 0 && have < all ? { notice: `Only ${have} of the ${all} ${title} training files are present.` } : {}),
    classNames,
    imageShape: [32, 32, 3],
    sizes,
    labelAt: (split, index) => records(split)[index * record + labels - 1]!,
    writeImage: (split, index, out, offset) => {
      const bytes = records(split);
      const start = index * record + labels;
      for (let i = 0; i < PLANE; i++)
        for (let channel = 0; channel < 3; channel++)
          out[offset + 3 * i + channel] = bytes[start + channel * PLANE + i]! / 255;
    },
  };
}

function countRecords(layout: CifarLayout, files: readonly string[]): number {
  const record = recordBytes(layout);
  return files.reduce((sum, file) => {
    const status = statSync(file);
    if (!status.isFile()) throw problem(layout.name, `${file} must be a regular file`);
    const { size } = status;
    if (size === 0 || size % record !== 0) {
      const fix = 'the file is truncated or of another kind: delete its folder and download again';
      throw problem(layout.name, `${file} must hold whole records of ${record} bytes`, `${size} bytes`, fix);
    }
    return sum + size / record;
  }, 0);
}

function readRecords(layout: CifarLayout, files: readonly string[]): Uint8Array {
  const record = recordBytes(layout);
  const bytes = new Uint8Array(countRecords(layout, files) * record);
  let offset = 0;
  for (const file of files) {
    const rest = bytes.subarray(offset);
    offset += readBounded(layout.name, file, rest.length, rest).length;
  }
  if (offset !== bytes.length) throw problem(layout.name, `${files.join(', ')} became shorter while they were read`);
  const { length } = layout.classNames;
  for (let i = layout.labels - 1; i < bytes.length; i += record)
    if (bytes[i]! >= length)
      throw problem(
        layout.name,
        `labels are 0 to ${length - 1}; record ${Math.floor(i / record)} of ${files.join(', ')} is corrupt`,
        bytes[i],
      );
  return bytes;
}

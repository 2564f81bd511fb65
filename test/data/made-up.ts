import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The pixel of made-up image `i`: red counts columns, green rows, blue the image. */
export const madeUpPixel = (i: number, y: number, x: number): [number, number, number] => [
  x * 8,
  y * 8,
  (i * 37) % 256,
];

/** A CIFAR-10 file of `count` made-up records with label i mod `classes`. */
export function madeUpRecords(count: number, classes = 10): Buffer {
  const bytes = Buffer.alloc(count * 3073);
  for (let i = 0; i < count; i++) {
    bytes[i * 3073] = i % classes;
    for (let y = 0; y < 32; y++)
      for (let x = 0; x < 32; x++)
        madeUpPixel(i, y, x).forEach((value, channel) => {
          bytes[i * 3073 + 1 + channel * 1024 + y * 32 + x] = value;
        });
  }
  return bytes;
}

/** Writes a small CIFAR-10 folder: 12 test images and, if wanted, 5 training files of 4. */
export function writeMadeUpCifar10(folder: string, train = true): void {
  writeFileSync(join(folder, 'test_batch.bin'), madeUpRecords(12));
  if (train) for (let k = 1; k <= 5; k++) writeFileSync(join(folder, `data_batch_${k}.bin`), madeUpRecords(4));
}

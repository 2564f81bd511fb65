import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { integer } from '../core/options.js';
import { pictureSource } from './folder.js';
import type { DatasetOptions, PixelSource } from './types.js';

const FOLDER = fileURLToPath(new URL('../../../data/photos', import.meta.url));

/**
 * The built-in photographs: twelve of 256x256 that may be redistributed (`data/photos/CREDITS.md`), each a class of its
 * own, all in the test split. Any `size` from 16 to 256; default 128.
 */
export function photos({ size = 128 }: DatasetOptions): Promise<PixelSource> {
  integer('photos', 'size', size, 16, 256);
  const files = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.jpg'))
    .sort();
  const images = files.map((file, label) => ({ split: 'test' as const, file: `${FOLDER}/${file}`, label }));
  return pictureSource('photos', images, {
    name: 'photos',
    classNames: files.map((file) => basename(file, '.jpg')),
    source: `Twelve photographs at ${size}x${size} that may be redistributed; credits in data/photos/CREDITS.md.`,
    size,
  });
}

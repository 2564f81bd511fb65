import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manifestOf } from '../assets/manifest-of.js';
import { problem } from '../core/errors.js';
import { sha256 } from '../core/hash.js';

/** What decides a cell's numbers: these rooms and files of the library, and the weights that scores use. */
const ROOMS = ['core', 'engine', 'models', 'federation', 'obfuscation', 'metrics', 'attacks', 'registry'];
const FILES = ['studies/case.js', 'studies/score.js', 'sweeps/cell.js', 'sweeps/sweep-networks.js', 'sweeps/blobs.js'];
/** Packages that compute. */
const PACKAGES = /^(@tensorflow\/|onnxruntime-)/;

/**
 * `0.3.0-1a2b3c4d5e6f`: the package's version and a hash of the parts that decide numbers, so that results of different
 * code never count as the same. Text, notebooks and commands may change without it.
 */
export function partsVersion(): string {
  const source = fileURLToPath(new URL('..', import.meta.url));
  const root = join(source, '../..');
  const { version, dependencies } = manifestOf(root);
  const files = [...ROOMS.flatMap((room) => filesBelow(source, room, '.js')), ...FILES].map((file) => [
    file,
    readFileSync(join(source, file)),
  ]);
  const weights = filesBelow(join(root, 'data'), 'weights', '.safetensors').map((file) => [
    file,
    readFileSync(join(root, 'data', file)),
  ]);
  if (files.length <= FILES.length) throw problem('partsVersion', 'the library is not built', source, 'npm run build');
  const packages = Object.entries(dependencies).filter(([name]) => PACKAGES.test(name));
  const parts = [...files, ...weights].map(([name, bytes]) => `${name} ${sha256(bytes as Uint8Array)}`);
  return `${version}-${sha256([...parts, ...packages.map(String)].join('\n')).slice(0, 12)}`;
}

const filesBelow = (folder: string, room: string, ending: string): string[] =>
  readdirSync(join(folder, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${room}/${file.replaceAll('\\', '/')}`)
    .sort();

/** Libraries of an added engine to open before its own: NVIDIA's, which no search path leads to, and ours. */
import { existsSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { type AddedEngine, readyMark } from './installed.js';

/** glibc's RTLD_NODELETE: Node closes what is no module of its own; an open library is found by its name. */
const KEEP = 0x1000;

const done = new Set<AddedEngine>();

/** Opens the libraries beside an engine, those that others need first; what is missing the engine will say. */
export function preload(engine: AddedEngine): void {
  if (done.has(engine)) return;
  done.add(engine);
  if (process.platform !== 'linux' || !existsSync(readyMark(engine))) return;
  const site = join(dirname(readyMark(engine)), 'site');
  let left = ['nvidia', 'preload'].flatMap((name) => libraries(join(site, name)));
  for (let before = left.length + 1; left.length < before; ) {
    before = left.length;
    left = left.filter((path) => !opens(path));
  }
}

const libraries = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.so\.\d+$/.test(name))
        .map((name) => join(folder, name))
    : [];

function opens(path: string): boolean {
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | KEEP);
    return true;
  } catch (error) {
    return /did not self-register/.test((error as Error).message);
  }
}

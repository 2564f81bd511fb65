import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lockFile } from '../assets/index.js';
import { problem } from '../core/errors.js';
import { type AddedEngine, addedEngines, enginesFolder, readyMark } from '../engine/index.js';
import { ENGINES } from './engine/addable.js';
import { checkSpace, sizeOfFolder, WHERE } from './engine/steps.js';
import { nameOf } from './engine/words.js';
import { projectRoot } from './root.js';
import { STOPPED, stopSignal } from './stop.js';

const HELP = `roglab engine              which engines there are, which work here, what the others need
roglab engine add NAME     installs one of ${addedEngines.join(', ')} into a folder of its own
roglab engine remove NAME  deletes that folder

The folder is .engines in the project, or ROGLAB_ENGINES; no lockfile changes. An interrupted add goes on at the next.`;

const ACTIONS: Readonly<Record<string, (name: AddedEngine) => Promise<number>>> = { add, remove };

/** `roglab engine`. */
export async function command(args: string[]): Promise<number> {
  const [action, ...words] = args;
  if (args.includes('--help') || args.includes('-h')) {
    console.log(HELP);
    return 0;
  }
  if (action === undefined) return list();
  return ACTIONS[nameOf('action', action, Object.keys(ACTIONS))]!(nameOf('engine', words, addedEngines) as AddedEngine);
}

async function list(): Promise<number> {
  for (const name of addedEngines) {
    const { about, cost } = ENGINES[name];
    const state = stateOf(name);
    console.log(`${name.padEnd(15)} ${state}\n${' '.repeat(16)}${about}`);
    if (state !== 'works') console.log(`${' '.repeat(16)}roglab engine add ${name}: ${cost}`);
  }
  console.log(`\nfolder: ${enginesFolder()}; roglab doctor says what each computes`);
  return 0;
}

/** Whether it is installed and computes; asked of another process, for a native library stays loaded. */
function stateOf(name: AddedEngine): string {
  const folder = join(enginesFolder(), name);
  if (name !== 'webgpu' && !existsSync(folder)) return 'not installed';
  if (name !== 'webgpu' && !existsSync(readyMark(name))) return 'half installed: add goes on, remove clears it';
  const why = verify(name);
  return why === undefined ? 'works' : `does not work: ${why}`;
}

async function add(name: AddedEngine): Promise<number> {
  const { add: install, room } = ENGINES[name];
  if (name !== 'webgpu') checkMachine(name);
  const folder = join(enginesFolder(), name);
  const scratch = join(folder, 'tmp');
  const mark = readyMark(name);
  if (existsSync(mark) && verify(name) === undefined) {
    console.log(`${name} is installed and works`);
    return 0;
  }
  if (room > 0) await checkSpace(dirname(folder), room);
  mkdirSync(dirname(folder), { recursive: true });
  const lock = await lockFile(WHERE, folder);
  const signal = stopSignal();
  const began = performance.now();
  try {
    rmSync(mark, { force: true });
    mkdirSync(scratch, { recursive: true });
    await install(name, { folder, scratch, say: (line) => console.log(line), signal });
    if (room > 0) writeFileSync(mark, name);
    const why = verify(name);
    if (why !== undefined) {
      rmSync(mark, { force: true });
      throw problem(WHERE, `${name} ${room > 0 ? 'was installed and ' : ''}does not work: ${why}`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    console.error(`${WHERE}: interrupted; roglab engine add ${name} goes on, roglab engine remove ${name} clears it`);
    return STOPPED;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    await lock.release();
    removeEmpty();
  }
  const size = room > 0 ? `, ${(sizeOfFolder(folder) / 1e9).toFixed(1)} GB in ${folder}` : '';
  console.log(`${name} works (${Math.round((performance.now() - began) / 1000)} s${size})`);
  return 0;
}

async function remove(name: AddedEngine): Promise<number> {
  const folder = join(enginesFolder(), name);
  if (!existsSync(folder)) {
    console.log(`${name} is not installed`);
    return 0;
  }
  const lock = await lockFile(WHERE, folder);
  try {
    rmSync(folder, { recursive: true, force: true });
  } finally {
    await lock.release();
    removeEmpty();
  }
  console.log(`removed ${folder}`);
  return 0;
}

/** Nothing stays where no engine is. */
function removeEmpty(): void {
  const folder = enginesFolder();
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

function checkMachine(name: AddedEngine): void {
  const machine = `${process.platform}-${process.arch}`;
  if (machine !== 'linux-x64') throw problem(WHERE, `${name} can be installed on linux-x64 only`, machine);
}

/** One line of why an engine does not compute what the processor does, or undefined. */
function verify(name: AddedEngine): string | undefined {
  const program = [join(projectRoot(), 'dist/src/cli/engine/verify.js'), name];
  const { status, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8', timeout: 120_000 });
  return status === 0 ? undefined : stderr.trim().split('\n').at(-1) || `ended with ${status}`;
}

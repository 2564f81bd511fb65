import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { manifestOf } from '../assets/manifest-of.js';
import { counted, size } from '../core/units.js';
import { said } from './flags.js';
import { jupyterVersion, kernelFolder, registration } from './kernel.js';
import { callOf, projectRoot } from './root.js';

const TOLD = { about: 'what is installed here, which engines work, and what is missing and why', flags: {} };

type Line = readonly [label: string, text: string];

/** `roglab doctor`. Exit code 1 when something that `npm start` needs is missing. */
export async function command(args: string[]): Promise<number> {
  if (!said('doctor', TOLD, args)) return 0;
  const root = projectRoot();
  const engines = await attempt(engineLines);
  const sections: [string, readonly Line[]][] = [
    ['versions', versionLines(root)],
    ['machine', machineLines(root)],
    ['engines', engines.lines],
    ['data', (await attempt(cacheLines)).lines],
    ['notebooks', notebookLines(root)],
  ];
  for (const [title, lines] of sections) {
    console.log(title);
    for (const [label, text] of lines) console.log(`  ${label.padEnd(14)} ${text}`);
  }
  return engines.failed ? 1 : 0;
}

async function attempt(read: () => Promise<readonly Line[]>): Promise<{ lines: readonly Line[]; failed: boolean }> {
  try {
    return { lines: await read(), failed: false };
  } catch (error) {
    return { lines: [['failed', (error as Error).message.split('\n')[0]!]], failed: true };
  }
}

function versionLines(root: string): Line[] {
  const { version, dependencies } = manifestOf(root);
  const missing = Object.keys(dependencies).filter((name) => !existsSync(installed(root, name)));
  return [
    ['roglab', version],
    ['node', `${process.version} on ${process.platform}-${process.arch}`],
    [
      'packages',
      missing.length ? `missing: ${missing.join(', ')}; npm ci` : `${Object.keys(dependencies).length} installed`,
    ],
    ['jupyter', jupyterVersion() ?? 'none on the PATH (only needed for interactive work outside VS Code)'],
  ];
}

/** Beside us in development, or beside our folder when we are somebody's dependency. */
function installed(root: string, name: string): string {
  const inside = join(root, 'node_modules', name);
  return existsSync(inside) ? inside : join(dirname(root), name);
}

function machineLines(root: string): Line[] {
  const disk = statfsSync(root);
  return [
    ['cores', `${availableParallelism()} of ${cpus().length}, ${cpus()[0]?.model.trim() ?? 'unknown'}`],
    ['memory', `${size(freemem())} free of ${size(totalmem())}`],
    ['disk', `${size(disk.bavail * disk.bsize)} free`],
  ];
}

async function engineLines(): Promise<Line[]> {
  const { addedEngines, backendDisagreement, backends, providers, start, tooFar } = await import('../engine/index.js');
  const session = await start();
  const lines: Line[] = [];
  for (const { name, available, why } of await backends()) {
    const apart = available ? await start({ backend: name }).then(backendDisagreement) : undefined;
    const wrong = apart === undefined ? undefined : tooFar(apart);
    lines.push([name, available && !wrong ? `works${agreeing(apart)}` : `no: ${wrong ?? why}`]);
  }
  const compiled = session.reasons.find((reason) => reason.startsWith('compiled')) ?? 'no';
  lines.push(['compiled steps', session.compiled ? 'work (ONNX Runtime)' : compiled]);
  for (const { name, available, why, apart } of await providers())
    lines.push([`  on ${name}`, available ? `work${name === 'cpu' ? '' : agreeing(apart)}` : `no: ${why}`]);
  return [
    ...lines,
    ['chosen', session.line.replace(/^engine: /, '')],
    ['to add', `npx roglab engine add ${addedEngines.join(' | ')}`],
  ];
}

/** How far a gradient is from the compiled step's on the processor. */
const agreeing = (apart: number | undefined): string =>
  apart === undefined ? '' : `, ${apart.toExponential(0)} from the processor`;

async function cacheLines(): Promise<Line[]> {
  const { cacheFolder } = await import('../assets/index.js');
  const folder = cacheFolder();
  const files = existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    : [];
  const bytes = files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  return [
    ['cache', files.length ? `${folder}: ${counted(files.length, 'file')}, ${size(bytes)}` : `${folder}: empty`],
    ['ROGLAB_DATA', process.env.ROGLAB_DATA || 'not set'],
  ];
}

function notebookLines(root: string): Line[] {
  const words = {
    registered: `registered in ${kernelFolder()}`,
    stale: `registered for another node or another copy of the project; ${callOf('kernel')}`,
    absent: `not registered (only needed for interactive work); ${callOf('kernel')}`,
  };
  const folder = join(root, 'notebooks');
  const lab = existsSync(join(root, '.lab', 'ready')) ? 'installed in .lab' : `not installed; ${callOf('lab')}`;
  const count = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.ipynb')).length : 0;
  return [
    ['kernel', words[registration()]],
    ['lab', lab],
    ['notebooks', String(count)],
  ];
}

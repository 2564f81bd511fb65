/** What every engine is installed with: programs, packages, wheels, all kept inside the engine's own folder. */

import { type Dirent, mkdirSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../assets/index.js';
import { problem } from '../../core/errors.js';
import { size } from '../../core/units.js';
import { pythonFor, runProgram } from '../program.js';
import { projectRoot } from '../root.js';

export const WHERE = 'roglab engine';

/** Where an engine is being installed, and how to say what happens. */
export interface Site {
  readonly folder: string;
  /** For what is only needed on the way; gone afterwards. */
  readonly scratch: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const NO_NETWORK = 'the package index does not answer; is there a network, and are npm and pip configured for it?';

/** What programs say when something is missing, and what that means. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/ENOSPC|No space left|EDQUOT|quota exceeded/i, 'the disk is full; free some space and try again'],
  [
    /EACCES|Permission denied|EROFS|Read-only file system/i,
    'no permission to write there; set ROGLAB_ENGINES to a folder',
  ],
  [/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|NewConnectionError|timed out/i, NO_NETWORK],
  [/Name or service not known|name resolution|from versions: none|Network is unreachable/i, NO_NETWORK],
  [
    /hashes? (do|does) not match|DO NOT MATCH|EINTEGRITY/i,
    'what was downloaded is not what it should be (wrong hash); try again',
  ],
  [/No module named '?pip/i, 'Python has no pip; Debian, Ubuntu: sudo apt install python3-pip'],
  [
    /not found: make|\bmake\b.*ENOENT|find (any )?(C\+\+|compiler)|g\+\+.*(not found|No such file)/i,
    'no C++ compiler was found; Debian, Ubuntu: sudo apt install g++ make',
  ],
];

const reasonOf =
  (step: string) =>
  (said: string): string => {
    const reason = REASONS.find(([pattern]) => pattern.test(said))?.[1];
    return reason ? `${step}: ${reason}` : `${step} failed: ${said.slice(-400)}`;
  };

/** Runs a program of the installation in the engine's folder; a failure is one line. */
export const runStep = (site: Site, step: string, program: string, args: readonly string[], env = process.env) =>
  runProgram(program, args, { where: WHERE, cwd: site.folder, env, explain: reasonOf(step), signal: site.signal });

/** @throws fewer bytes free than an engine needs on the way */
export async function checkSpace(folder: string, bytes: number): Promise<void> {
  await makeFolder(folder);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < bytes)
    throw problem(
      WHERE,
      `the installation needs ${size(bytes)} on the disk of ${dirname(folder)}`,
      `${size(free)} free`,
    );
}

/** npm's own settings of the project count (its registry), and nothing is written outside the engine's folder. */
export async function npmInstall(site: Site, packages: readonly string[]): Promise<void> {
  const registry = (
    await runProgram('npm', ['config', 'get', 'registry'], {
      where: WHERE,
      cwd: projectRoot(),
      explain: reasonOf('npm'),
    })
  ).trim();
  const words = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--no-save'];
  const cache = ['--cache', join(site.scratch, 'npm'), '--registry', registry];
  await runStep(site, 'npm', 'npm', [...words, ...cache, ...packages]);
}

const PYTHON = { where: WHERE, again: 'roglab engine add', what: 'building an engine', oldest: 8 };
export const findPython = (): string => pythonFor(PYTHON);

/** The newest platform that a wheel may be built for: glibc 2.28 is that of Debian 10 and newer. */
const PLATFORMS = [
  'manylinux2014',
  'manylinux_2_17',
  'manylinux_2_24',
  'manylinux_2_26',
  'manylinux_2_27',
  'manylinux_2_28',
];
const TAGS = ['--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312', '--abi', 'none', '--abi', 'abi3'];

/**
 * Unpacks wheels into `site` of the engine's folder, whatever the version of Python: nothing of them is run. pip finds
 * them as it is configured, checks their hashes, and everything temporary lies in the engine's folder.
 */
export async function unpackWheels(site: Site, wheels: readonly string[], deep: boolean): Promise<void> {
  const temporary = join(site.scratch, 'pip');
  mkdirSync(temporary, { recursive: true });
  const platforms = PLATFORMS.flatMap((name) => ['--platform', `${name}_x86_64`]);
  const quiet = [
    '--disable-pip-version-check',
    '--no-cache-dir',
    '--progress-bar',
    'off',
    '--no-compile',
    '--retries',
    '2',
  ];
  const target = ['--only-binary', ':all:', '--upgrade', '--target', join(site.folder, 'site'), ...platforms, ...TAGS];
  const words = ['-m', 'pip', 'install', ...quiet, ...target, ...(deep ? [] : ['--no-deps']), ...wheels];
  const stop = watchDownload(temporary, site.say);
  try {
    await runStep(site, 'pip', findPython(), words, { ...process.env, TMPDIR: temporary, PYTHONNOUSERSITE: '1' });
  } finally {
    stop();
    rmSync(temporary, { recursive: true, force: true });
  }
}

const EVERY_MS = 2000;

/** Says how many bytes of wheels lie in a folder while they grow, then that they are unpacked. */
function watchDownload(folder: string, say: (line: string) => void): () => void {
  let [last, unpacking] = [0, false];
  const timer = setInterval(() => {
    const [wheels, all] = [sizeOfFolder(folder, '.whl'), sizeOfFolder(folder)];
    if (wheels > last + 2e7) say(`  ${(wheels / 1e6).toFixed(0)} MB`);
    if (!unpacking && all > 1.2 * wheels && wheels > 0) say('  unpacking ...');
    [last, unpacking] = [Math.max(last, wheels), all > 1.2 * wheels && wheels > 0];
  }, EVERY_MS);
  return () => clearInterval(timer);
}

/** Bytes of all files below a folder whose names end so; links, and what goes while it is read, count nothing. */
export function sizeOfFolder(folder: string, ending = ''): number {
  let bytes = 0;
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += sizeOfFolder(path, ending);
    if (entry.isFile() && entry.name.endsWith(ending)) bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

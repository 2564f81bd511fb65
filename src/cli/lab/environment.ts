import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkPlace, waitForLock, writeAtomic } from '../../assets/index.js';
import { sha256 } from '../../core/hash.js';
import { spec } from '../kernel.js';
import { type PythonNeed, pythonFor, runProgram } from '../program.js';
import { COPIES } from './copies.js';

/** A private Jupyter beside the project. */
export interface Environment {
  /** `.lab`: everything that Jupyter writes stays in it. */
  readonly folder: string;
  readonly python: string;
  /** For every process started in it: Jupyter's own folders all lie inside. */
  readonly env: NodeJS.ProcessEnv;
}

const PYTHON: PythonNeed = {
  where: 'roglab lab',
  again: 'npm run lab',
  what: 'JupyterLab',
  oldest: 10,
  more: [
    'Or without Python: VS Code with its extension "Jupyter" after npm run kernel; npm start runs all ' +
      'notebooks into one page.',
  ],
};

/** A Python new enough for the pinned JupyterLab. @throws says what to install where there is none */
export const findPython = (env: NodeJS.ProcessEnv = process.env): string => pythonFor(PYTHON, env);

/**
 * Makes `.lab` under `home`, or finds it ready: a virtual environment with the pinned JupyterLab, and our kernel in it.
 * Interrupted, it is completed by the next call; called twice at once, the second waits for the first.
 * @param root the package, which knows the pins
 * @throws when Python or its venv module is missing, or pip fails
 */
export async function prepare(root: string, say: (line: string) => void, home = root): Promise<Environment> {
  const lock = await waitForLock('roglab lab', join(home, '.lab'));
  try {
    return await made(root, home, say);
  } finally {
    await lock.release();
  }
}

async function made(root: string, home: string, say: (line: string) => void): Promise<Environment> {
  const folder = join(home, '.lab');
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const environment = { folder, python, env: jupyterEnvironment(folder) };
  const constraints = join(root, 'data/lab/constraints.txt');
  const wanted = sha256(readFileSync(constraints));
  const mark = join(folder, 'ready');
  const working = spawnSync(python, ['-c', ''], { timeout: 20_000 }).status === 0;
  if (!working || !existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
    const began = performance.now();
    await checkPlace('roglab lab', folder, LAB_BYTES);
    if (!working) {
      const base = findPython();
      rmSync(folder, { recursive: true, force: true });
      await run(base, ['-m', 'venv', folder], process.env, (why) => venvHelp(why, base));
    }
    say(`installing the pinned JupyterLab into ${folder} (300 MB, once; one to three minutes) ...`);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-cache-dir'];
    await run(
      python,
      [...pip, '--require-hashes', '-r', constraints],
      environment.env,
      (why) => `pip could not install JupyterLab: ${why}`,
    );
    await writeAtomic(mark, wanted);
    say(`installed in ${Math.round((performance.now() - began) / 1000)} s`);
  }
  await registerInside(folder);
  return environment;
}

/** What the environment takes on the disk. */
const LAB_BYTES = 300 * 2 ** 20;

/** Kernel and settings as this checkout and this Node want them: written at every start, it costs nothing. */
async function registerInside(folder: string): Promise<void> {
  const jupyter = join(folder, 'share/jupyter');
  await writeAtomic(join(jupyter, 'kernels/roglab/kernel.json'), `${JSON.stringify(spec(), null, 2)}\n`);
  await writeAtomic(join(folder, 'home/config/jupyter_server_config.py'), SERVER);
  await writeAtomic(join(jupyter, 'lab/settings/overrides.json'), `${JSON.stringify(SETTINGS, null, 2)}\n`);
}

/** The originals are not saved to, wherever a reader opens them; npm, which keeps a log at home, is not called. */
const SERVER = `from tornado.web import HTTPError

def refuse_originals(path, **_):
    if path.strip("/").startswith("notebooks/"):
        raise HTTPError(403, "notebooks/ holds the originals: work in ${COPIES}/, or save under a name there")

c.FileContentsManager.pre_save_hook = refuse_originals
c.LanguageServerManager.autodetect = False
`;

/** No questions about news at the first start: nothing is asked of the network. */
const SETTINGS = {
  '@jupyterlab/apputils-extension:notification': {
    checkForUpdates: false,
    fetchNews: 'false',
    doNotDisturbMode: false,
  },
};

function jupyterEnvironment(folder: string): NodeJS.ProcessEnv {
  const own = join(folder, 'home');
  return {
    ...process.env,
    JUPYTER_CONFIG_DIR: join(own, 'config'),
    JUPYTER_DATA_DIR: join(own, 'data'),
    JUPYTER_RUNTIME_DIR: join(own, 'runtime'),
    JUPYTERLAB_SETTINGS_DIR: join(own, 'settings'),
    JUPYTERLAB_WORKSPACES_DIR: join(own, 'workspaces'),
    IPYTHONDIR: join(own, 'ipython'),
    PYTHONNOUSERSITE: '1',
    PYTHONPATH: undefined,
    PYTHONHOME: undefined,
  };
}

const run = (program: string, args: string[], env: NodeJS.ProcessEnv, explain: (why: string) => string) =>
  runProgram(program, args, { where: 'roglab lab', env, explain });

const venvHelp = (why: string, python: string): string =>
  /ensurepip|venv/.test(why)
    ? `${python} cannot make virtual environments; Debian, Ubuntu: sudo apt install python3-venv (it said: ${why})`
    : `${python} could not make a virtual environment: ${why}`;

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { checkPlace, writeAtomic } from '../assets/index.js';
import { parsedJson, problem } from '../core/errors.js';
import { alone } from '../core/option-table.js';
import { kernelspec } from '../notebook/index.js';
import { launcherPath } from '../notebook/kernel.js';
import { said } from './flags.js';
import { callOf, projectRoot } from './root.js';

const TOLD = {
  about: `registers the kernel "${kernelspec.display_name}" with an installed Jupyter or VS Code, for this user`,
  flags: { remove: alone('unregister it') },
};

/** Where Jupyter looks for a user's kernels (https://docs.jupyter.org/en/latest/use/jupyter-directories.html). */
export function kernelFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const data =
    env.JUPYTER_DATA_DIR ||
    (platform === 'darwin'
      ? join(homedir(), 'Library', 'Jupyter')
      : platform === 'win32'
        ? join(env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'jupyter')
        : join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'jupyter'));
  return join(data, 'kernels', kernelspec.name);
}

/** The kernelspec with absolute paths: neither node nor the package need be on Jupyter's PATH. */
export const spec = () => ({
  argv: [process.execPath, launcherPath(), '{connection_file}'],
  display_name: kernelspec.display_name,
  language: kernelspec.language,
  interrupt_mode: 'signal',
});

/** Registered, registered for another copy of the project or another node, or not at all. */
export function registration(folder = kernelFolder()): 'registered' | 'stale' | 'absent' {
  const file = join(folder, 'kernel.json');
  if (!existsSync(file)) return 'absent';
  const { argv } = parsedJson(`kernel ${file}`, readFileSync(file, 'utf8')) as { argv: string[] };
  return String(argv) === String(spec().argv) ? 'registered' : 'stale';
}

/** `roglab kernel`. */
export async function command(args: string[]): Promise<number> {
  const flags = said('kernel', TOLD, args);
  if (!flags) return 0;
  const folder = kernelFolder();
  if (flags.remove) {
    const present = existsSync(folder);
    rmSync(folder, { recursive: true, force: true });
    console.log(present ? `removed ${folder}` : `nothing to remove: ${folder} is not there`);
    return 0;
  }
  if (!existsSync(launcherPath()))
    throw problem('roglab kernel', 'the package is not built', undefined, 'npm run build');
  await checkPlace('roglab kernel', folder);
  await writeAtomic(join(folder, 'kernel.json'), `${JSON.stringify(spec(), null, 2)}\n`);
  console.log(`registered the kernel "${kernelspec.display_name}" in ${folder}`);
  console.log(next());
  return 0;
}

function next(): string {
  const jupyter = jupyterVersion();
  const first = relative(process.cwd(), join(projectRoot(), 'notebooks', '00-start.ipynb'));
  if (jupyter) return `next: jupyter lab ${first}`;
  return [
    'No jupyter command was found here. Any of these will do; the kernel is already where they look for it:',
    `  ${callOf('lab')}: a JupyterLab of its own, where there is Python 3.10 or newer`,
    `  VS Code with the extension "Jupyter": open ${first} and choose the kernel "${kernelspec.display_name}"`,
    `  pip install jupyterlab && jupyter lab ${first}`,
    `Without any: ${callOf('run').replace('npm run run', 'npm start')} runs all notebooks and writes ` +
      'results/index.html',
  ].join('\n');
}

/** Version of the first Jupyter application found, or undefined. */
export function jupyterVersion(): string | undefined {
  const { status, stdout } = spawnSync('jupyter', ['--version'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
    timeout: 20_000,
  });
  if (status !== 0) return undefined;
  const line = stdout.split('\n').find((text) => /jupyterlab|notebook/.test(text) && !/not installed/.test(text));
  return (line ?? stdout.split('\n')[0] ?? '').replace(/\s+/g, ' ').trim();
}

import { spawn, spawnSync } from 'node:child_process';
import { problem } from '../core/errors.js';

/** What {@link runProgram} is told. */
export interface ProgramOptions {
  /** Named in the error. */
  readonly where: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The sentence of the error, from the end of what the program said. */
  readonly explain: (why: string) => string;
  readonly signal?: AbortSignal;
}

/** Runs a program to its end and gives what it printed. @throws with the end of what it said, as `explain` puts it */
export function runProgram(
  program: string,
  args: readonly string[],
  { where, cwd, env = process.env, explain, signal }: ProgramOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], signal });
    let [said, printed] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk;
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        said = (said + chunk).slice(-4000);
      });
    const fail = (why: string) => reject(problem(where, explain(why)));
    child.once('error', (error) => fail(error.message));
    child.once('close', (code) => {
      const last = said.trim().split('\n').slice(-3).join(' | ');
      if (code === 0) resolve(printed);
      else fail(last || `exit code ${code}`);
    });
  });
}

const INSTALL = [
  '  Debian, Ubuntu: sudo apt install python3 python3-venv',
  '  Fedora: sudo dnf install python3',
  '  macOS: brew install python3',
  '  Windows: winget install Python.Python.3.12',
];

/**
 * The command that starts a Python of at least `oldest`, from `PYTHON` or the PATH.
 * @throws says what to install where there is none
 */
export function pythonFor(
  { where, again = where, what, oldest, more = [] }: PythonNeed,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const names = env.PYTHON ? [env.PYTHON] : ['python3', 'python', 'py'];
  const found = names.map((name) => ({ name, version: versionOf(name, env) })).filter(({ version }) => version);
  const good = found.find(({ version }) => version![0]! > 3 || (version![0] === 3 && version![1]! >= oldest));
  if (good) return good.name;
  const got = found[0] ? `only Python ${found[0].version!.join('.')} was found` : 'no Python was found';
  const help = [`Python 3.${oldest} or newer is what ${what} needs; install it and run ${again} again:`, ...INSTALL];
  const as = env.PYTHON ? ` as PYTHON=${env.PYTHON}` : '';
  throw problem(where, `${got}${as}`, undefined, `\n${[...help, ...more].join('\n')}`);
}

/** Who needs a Python, for what, and the lowest minor version of Python 3 that does. */
export interface PythonNeed {
  readonly where: string;
  /** How the command is called; default `where`. */
  readonly again?: string;
  readonly what: string;
  readonly oldest: number;
  /** More lines under the list of how to install one. */
  readonly more?: readonly string[];
}

function versionOf(name: string, env: NodeJS.ProcessEnv): number[] | undefined {
  const code = 'import sys; print(*sys.version_info[:2])';
  const { status, stdout } = spawnSync(name, ['-c', code], { encoding: 'utf8', env, timeout: 20_000 });
  return status === 0 && /^\d+ \d+\s*$/.test(stdout) ? stdout.split(' ').map(Number) : undefined;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { problem } from '../../core/errors.js';
import { COPIES } from './copies.js';
import type { Environment } from './environment.js';

export interface ServerOptions {
  /** The folder it serves: the project, so that charts find plotly beside the notebooks. */
  readonly root: string;
  /** Default 8888, or the next free one. */
  readonly port?: number;
  /** Added to the kernels' environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A running Jupyter server. */
export interface Server {
  /** `http://localhost:8888/`, with a slash at the end. */
  readonly address: string;
  readonly token: string;
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
}

/**
 * JupyterLab, which ends with its kernels when the process that started it is gone, however that went; and writes no
 * page that opens a browser: that holds the token, and every user may read it.
 */
const WITH_PARENT = `
import os, signal, sys, threading, time
parent = os.getppid()
def watch():
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)
    os.kill(os.getpid(), signal.SIGKILL)
threading.Thread(target=watch, daemon=True).start()
from jupyter_server.serverapp import ServerApp
ServerApp.write_browser_open_files = lambda self: None
from jupyterlab.labapp import main
sys.exit(main(sys.argv[1:]))
`;

/**
 * Starts JupyterLab, with Notebook 7 at `tree` and the classic Notebook at `nbclassic/tree`; resolves when it answers.
 * Its log is `.lab/lab.log`.
 * @throws with the end of the log when it does not come up within a minute
 */
export async function startServer({ folder, python, env }: Environment, options: ServerOptions): Promise<Server> {
  const log = join(folder, 'lab.log');
  const runtime = env.JUPYTER_RUNTIME_DIR!;
  // the token stands in both: nobody else may read them
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  for (const own of [dirname(runtime), runtime]) chmodSync(own, 0o700);
  rmSync(log, { force: true });
  const out = openSync(log, 'w', 0o600);
  const root = process.getuid?.() === 0 ? ['--allow-root'] : [];
  const child = spawn(
    python,
    [
      ...['-c', WITH_PARENT, '--no-browser', '--ip=localhost', `--port=${options.port ?? 8888}`, ...root],
      ...[
        `--ServerApp.root_dir=${options.root}`,
        '--ServerApp.answer_yes=True',
        `--LabApp.default_url=/lab/tree/${COPIES}`,
        // its list of extensions would be asked of the network
        '--LabApp.extension_manager=readonly',
        '--LabApp.news_url=None',
        '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate',
      ],
    ],
    { cwd: options.root, env: { ...env, ...options.env }, stdio: ['ignore', out, out] },
  );
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  let over = false;
  const orphan = () => child.kill('SIGTERM');
  process.once('exit', orphan);
  ended.then(() => {
    over = true;
    process.off('exit', orphan);
  });
  const card = join(runtime, `jpserver-${child.pid}.json`);
  const stop = () => stopServer(child, ended);
  for (const began = performance.now(); !over && performance.now() - began < 60_000; await sleep(200)) {
    if (!existsSync(card)) continue;
    const found = cardOf(readFileSync(card, 'utf8'));
    if (!found) continue;
    const { url, token } = found;
    const answer = await fetch(`${url}api?token=${token}`).catch(() => undefined);
    if (answer?.ok) return { address: url, token, ended, stop };
  }
  await stop();
  const last = readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' | ');
  throw problem('roglab lab', `JupyterLab did not start: ${last}`, undefined, `the whole log is ${log}`);
}

/** Where the server listens; undefined while it still writes its card. */
function cardOf(text: string): { readonly url: string; readonly token: string } | undefined {
  try {
    const { url, token } = JSON.parse(text);
    return typeof url === 'string' && typeof token === 'string' ? { url, token } : undefined;
  } catch {
    return undefined;
  }
}

/** Asked to stop it ends its kernels first. */
async function stopServer(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  if ((await Promise.race([ended, sleep(10_000, 'late')])) === 'late') child.kill('SIGKILL');
  await ended;
}

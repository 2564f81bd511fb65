import { problem } from '../../core/errors.js';
import { isEncoded, isNetworkProblem, networkProblem } from '../download.js';
import type { Asset } from '../manifest.js';
import type { ByteSource } from './source.js';

export interface RangeOptions {
  readonly signal?: AbortSignal;
  /** Gives up a request after so long; default 60 s (a request is for a few MB at most). */
  readonly requestSeconds?: number;
}

const ATTEMPTS = 3;

/**
 * A file on a server as a source, read by HTTP range requests, or undefined when the server does not serve ranges.
 * All parts must be of one version of the file (its size and ETag).
 * @throws those of the network; a file of another size
 */
export async function rangeSource(asset: Asset, options: RangeOptions = {}): Promise<ByteSource | undefined> {
  const first = await request(asset, 0, 1, options);
  await first.body?.cancel();
  if (first.status === 200 || isEncoded(first)) return undefined;
  const etag = first.headers.get('etag');
  const size = Number(/\/(\d+)$/.exec(first.headers.get('content-range') ?? '')?.[1]);
  if (size !== asset.bytes)
    throw problem('download', `${asset.url} must have ${asset.bytes} bytes`, size, 'the file was replaced by another');
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    const response = await request(asset, start, end, options);
    const range = response.headers.get('content-range');
    const asked = response.status === 206 && range === `bytes ${start}-${end - 1}/${size}`;
    if (!asked || response.headers.get('etag') !== etag || isEncoded(response)) {
      await response.body?.cancel();
      throw problem('download', `${asset.url} must answer with bytes ${start}-${end - 1} of ${size}`, range ?? 'all');
    }
    const bytes = await bodyOf(response, end - start);
    if (bytes.length !== end - start)
      throw new Error(`the connection ended after ${bytes.length} of ${end - start} bytes`);
    return bytes;
  };
  return {
    name: asset.url,
    size,
    read: (start, end) => patiently(asset, options, () => read(start, end)),
    close: async () => {},
  };
}

/** The body of a response; of a longer one no more than one byte too many, so that it is seen. */
async function bodyOf({ body }: Response, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const chunk of body ?? []) {
    if (at + chunk.length > length) return new Uint8Array(length + 1);
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes.subarray(0, at);
}

/** Tries again what the network broke. */
async function patiently<T>(asset: Asset, { signal }: RangeOptions, task: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await task();
    } catch (error) {
      const ours = (error as Error).name === 'RoglabError';
      if (ours && !isNetworkProblem(error)) throw error;
      if (signal?.aborted) throw problem('download', `${asset.name} was cancelled`);
      if (attempt === ATTEMPTS) throw ours ? error : networkProblem(asset, 0, error);
    }
  }
}

async function request(asset: Asset, start: number, end: number, options: RangeOptions): Promise<Response> {
  const { signal, requestSeconds = 60 } = options;
  const limit = AbortSignal.timeout(requestSeconds * 1000);
  const response = await fetch(asset.url, {
    headers: { range: `bytes=${start}-${end - 1}`, 'accept-encoding': 'identity' },
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  }).catch((error) => {
    throw networkProblem(asset, 0, error);
  });
  if (response.status !== 206 && response.status !== 200)
    throw networkProblem(asset, 0, new Error(`HTTP ${response.status}`));
  return response;
}

import { readFileSync } from 'node:fs';
import { problem } from '../core/errors.js';
import { oneOf } from '../core/options.js';

/** A file on the network. */
export interface Asset {
  /** File name in the cache. */
  readonly name: string;
  readonly url: string;
  /** Size in bytes, for progress and the check of free space. */
  readonly bytes: number;
  /** Hexadecimal digest of the whole file; of sha256 the first 8 digits or more will do. */
  readonly hash: { readonly md5: string } | { readonly sha256: string };
  readonly licence: string;
}

/** The entry `key` of data/manifest.json. @throws an unknown key (with the nearest), a broken entry */
export function assetOf(key: string, manifest: Readonly<Record<string, unknown>> = readManifest()): Asset {
  const entry = (manifest[oneOf('assetOf', 'key', key, Object.keys(manifest))] ?? {}) as Partial<Asset>;
  const [[algorithm, digest] = []] = Object.entries(entry.hash ?? {});
  const texts = [entry.name, entry.url, entry.licence, digest];
  const fits =
    texts.every((text) => typeof text === 'string' && text) &&
    /^[\w.-]+$/.test(entry.name!) &&
    /^https?:\/\//.test(entry.url!) &&
    Number.isSafeInteger(entry.bytes) &&
    entry.bytes! > 0 &&
    DIGESTS[algorithm!]?.test(digest as string);
  if (!fits) throw problem('assetOf', `manifest entry ${key} needs name, url, bytes, hash and licence`, entry);
  return entry as Asset;
}

/** A hash of each kind; of sha256 the beginning will do. */
const DIGESTS: Readonly<Record<string, RegExp>> = { md5: /^[0-9a-f]{32}$/i, sha256: /^[0-9a-f]{8,64}$/i };

const readManifest = (): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL('../../../data/manifest.json', import.meta.url), 'utf8'));

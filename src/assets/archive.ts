import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { parseTar } from 'nanotar';
import { problem } from '../core/errors.js';
import { diskProblem, makeFolder } from './files.js';
import { LIMITS } from './limits.js';
import { readBounded, unpackedAtMost } from './read-bounded.js';

export interface UnpackOptions {
  /** The files wanted, by name without folders; all must be there. Others are left out. */
  readonly files: readonly string[];
  /** Files to add, name -> text. */
  readonly add?: Readonly<Record<string, string>>;
  /** Refuses a wrong content before anything gets its name. */
  readonly check?: (folder: string) => void;
}

/**
 * Unpacks the wanted files of a .tar.gz into `folder`, flat. They appear together by one rename or, after an error, not
 * at all.
 * @throws a truncated or corrupt archive, one of over 192 MB (unpacked 224), a wanted file that is missing, a full disk
 */
export async function unpack(
  archive: string,
  folder: string,
  { files, add = {}, check }: UnpackOptions,
): Promise<void> {
  const entries = await readTar(archive);
  await makeFolder(dirname(folder));
  const temporary = await mkdtemp(`${folder}.part-`);
  try {
    for (const name of files) {
      const data = entries.get(name);
      if (!data) throw problem('unpack', `${archive} must contain ${name}`, undefined, 'is it the right archive?');
      await writeFile(join(temporary, name), data);
    }
    for (const [name, text] of Object.entries(add)) await writeFile(join(temporary, name), text);
    check?.(temporary);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } catch (error) {
    throw diskProblem('unpack', folder, error);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function readTar(archive: string): Promise<Map<string, Uint8Array>> {
  try {
    const packed = readBounded('unpack', archive, LIMITS.archiveBytes);
    const bytes = await promisify(gunzip)(packed, unpackedAtMost(packed, LIMITS.unpackedBytes));
    // nanotar reads the whole ArrayBuffer behind a view, so it gets one that holds nothing else
    const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
    return new Map(
      parseTar(whole)
        .filter(({ type, data }) => type === 'file' && data)
        .map(({ name, data }) => [basename(name), data!]),
    );
  } catch (error) {
    const fix = 'delete it and download again';
    throw problem('unpack', `${archive} is truncated or corrupt (${(error as Error).message})`, undefined, fix);
  }
}

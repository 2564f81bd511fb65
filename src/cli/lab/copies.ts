import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join, parse } from 'node:path';
import { writeAtomic } from '../../assets/index.js';
import { sha256 } from '../../core/hash.js';

/** The folder under the project that a reader works in: as deep as `notebooks`, so that `../data` is the same. */
export const COPIES = 'lab';

/** What each copy was when it was made, by SHA-256. */
const MADE = '.copies.json';

/**
 * Copies the notebooks, and what lies beside them, to where a reader may write. A copy that he has not touched follows
 * its original; one that he has stays, and where its original is a newer one, beside it, as `NAME-yours`.
 * @param isWanted which files, by their relative names; default all
 * @returns the names that his copies got
 * @throws those of the file system
 */
export async function workingCopies(
  from: string,
  to: string,
  isWanted: (name: string) => boolean = () => true,
): Promise<readonly string[]> {
  const made = madeIn(to);
  const next: Record<string, string> = {};
  const moved: string[] = [];
  for (const name of filesOf(from).filter(isWanted)) {
    const original = readFileSync(join(from, name));
    const copy = join(to, name);
    const there = existsSync(copy) ? sha256(readFileSync(copy)) : undefined;
    const wanted = sha256(original);
    next[name] = wanted;
    const isTouched = there !== undefined && there !== made[name];
    if (there === wanted || (isTouched && made[name] === wanted)) continue;
    if (isTouched) {
      moved.push(freeName(to, name));
      renameSync(copy, join(to, moved.at(-1)!));
    }
    await writeAtomic(copy, original);
  }
  await writeAtomic(join(to, MADE), `${JSON.stringify(next, null, 2)}\n`);
  return moved;
}

/** Files under a folder by their relative names, without hidden ones. */
const filesOf = (folder: string, under = ''): string[] =>
  readdirSync(join(folder, under), { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .flatMap((entry) => {
      const name = join(under, entry.name);
      return entry.isDirectory() ? filesOf(folder, name) : entry.isFile() ? [name] : [];
    });

/** Without a list that can be read, every copy counts as touched. */
function madeIn(to: string): Readonly<Record<string, string>> {
  try {
    return JSON.parse(readFileSync(join(to, MADE), 'utf8')) ?? {};
  } catch {
    return {};
  }
}

function freeName(folder: string, file: string): string {
  const { dir, name, ext } = parse(file);
  for (let i = 1; ; i++) {
    const free = join(dir, `${name}-yours${i > 1 ? `-${i}` : ''}${ext}`);
    if (!existsSync(join(folder, free))) return free;
  }
}

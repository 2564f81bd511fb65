import { readFile } from 'node:fs/promises';
import { sha256 } from '../core/hash.js';
import { writeAtomic } from './files.js';

/** A finished part of a run that may be killed, as JSON with the SHA-256 of its text. */
interface Kept {
  readonly sha256: string;
  readonly value: unknown;
}

const hashOf = (value: unknown): string => sha256(JSON.stringify(value) ?? '');

/** Keeps a plain JSON value for a later run, whole or not at all. @throws those of {@link writeAtomic} */
export const keepValue = (file: string, value: unknown): Promise<void> =>
  writeAtomic(file, `${JSON.stringify({ sha256: hashOf(value), value } satisfies Kept)}\n`);

/** What {@link keepValue} kept, or undefined: without a file, and, with a warning, where it is damaged. */
export async function keptValue<T>(file: string): Promise<T | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const kept = parsed(text);
  if (kept?.value !== undefined && kept.sha256 === hashOf(kept.value)) return kept.value as T;
  process.emitWarning(`${file} is damaged or of an older version; it is computed again`, 'RoglabWarning');
  return undefined;
}

function parsed(text: string): Partial<Kept> | undefined {
  try {
    return (JSON.parse(text) as Partial<Kept> | null) ?? undefined;
  } catch {
    return undefined;
  }
}

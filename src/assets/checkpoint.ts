import { rename } from 'node:fs/promises';
import { problem, show } from '../core/errors.js';
import type { NamedArray } from '../core/types.js';
import { writeAtomic } from './files.js';
import { LIMITS } from './limits.js';
import { readBounded } from './read-bounded.js';
import { decodeChecked, encodeSafetensors } from './safetensors.js';

/** What a stopped computation needs to go on: arrays bit by bit, and numbers (or other JSON values) by name. */
export interface CheckpointState {
  readonly arrays: readonly NamedArray[];
  readonly numbers: Readonly<Record<string, unknown>>;
}

/** A state with the settings it belongs to. */
export interface Checkpoint {
  /** JSON values; those that decide the result, so not the name of an output folder. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly state: CheckpointState;
}

const FORMAT = 'roglab checkpoint 1';

/** The generation before the last is kept beside it. */
export const previousOf = (path: string): string => `${path}.previous`;

/**
 * Writes settings and state to one file with a checksum, atomically: a kill leaves the checkpoint as it was. The
 * generation before stays as `PATH.previous`.
 * @throws a full disk, no permission; what was there is still there then
 */
export async function saveCheckpoint(path: string, { settings, state }: Checkpoint): Promise<void> {
  const metadata = { format: FORMAT, settings: toJson(settings), numbers: toJson(state.numbers) };
  await writeAtomic(path, encodeSafetensors(state.arrays, metadata), { keep: previousOf(path) });
}

/**
 * The state of a checkpoint, or undefined when there is no file. Where the file is damaged (its checksum decides) the
 * generation before it is taken, and a warning says so.
 * @throws a file of another kind; damage to both generations; other settings, naming each that differs
 */
export async function loadCheckpoint(
  path: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<CheckpointState | undefined> {
  const found = await lastGood(path);
  if (!found) return undefined;
  const changes = differences(found.settings, fromJson(toJson(settings)));
  if (changes.length > 0) {
    const fix = 'use the old settings, another file, or delete it to start again';
    throw problem('loadCheckpoint', `${path} belongs to other settings: ${changes.join(', ')}`, undefined, fix);
  }
  return found.state;
}

async function lastGood(path: string): Promise<Checkpoint | undefined> {
  try {
    return readCheckpoint(path);
  } catch (error) {
    const before = earlier(path);
    if (!before) throw error;
    process.emitWarning(`${(error as Error).message}; the checkpoint before it is taken`, 'RoglabWarning');
    await rename(previousOf(path), path).catch(() => {});
    return before;
  }
}

function earlier(path: string): Checkpoint | undefined {
  try {
    return readCheckpoint(previousOf(path));
  } catch {
    return undefined;
  }
}

/**
 * The content of a file, or undefined without one.
 * @throws it cannot be read, is of another kind, damaged, or has no checksum
 */
function readCheckpoint(path: string): Checkpoint | undefined {
  const bytes = contentOf(path);
  if (!bytes) return undefined;
  const where = `loadCheckpoint ${path}`;
  const { tensors, metadata, checked } = decodeChecked(bytes, where);
  if (metadata.format !== FORMAT)
    throw problem('loadCheckpoint', `${path} must be a ${FORMAT}`, metadata.format ?? 'another file');
  if (!checked) throw problem(where, 'a checkpoint must have a checksum', 'none', 'delete it to start again');
  try {
    const numbers = fromJson(metadata.numbers!) as Record<string, unknown>;
    return { settings: fromJson(metadata.settings!) as Checkpoint['settings'], state: { arrays: tensors, numbers } };
  } catch {
    throw problem(where, 'settings and numbers must be JSON', undefined, 'delete it to start again');
  }
}

function contentOf(path: string): Uint8Array | undefined {
  try {
    return readBounded('loadCheckpoint', path, LIMITS.stateBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** One phrase per value that differs, e.g. `optimizer.rate was 0.05 and is 0.1`. */
function differences(before: unknown, now: unknown, path = ''): string[] {
  if (isRecord(before) && isRecord(now))
    return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((key) =>
      differences(before[key], now[key], path ? `${path}.${key}` : key),
    );
  if (toJson(before) === toJson(now)) return [];
  return [`${path} was ${phrase(before)} and is ${phrase(now)}`];
}

const phrase = (value: unknown): string => (value === undefined ? 'not set' : show(value));

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// JSON has no NaN and no infinities; an attack's best objective starts at Infinity
const UNUSUAL: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity: Infinity, '-Infinity': -Infinity };

const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    typeof inner === 'number' && !Number.isFinite(inner) ? { $number: String(inner) } : inner,
  );

const fromJson = (text: string): unknown =>
  JSON.parse(text, (_, inner) => (isRecord(inner) && '$number' in inner ? UNUSUAL[String(inner.$number)] : inner));

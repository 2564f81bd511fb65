import { readFile } from 'node:fs/promises';
import { problem, show } from '../core/errors.js';
import type { NamedArray } from '../core/types.js';
import { writeAtomic } from './files.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

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

/** Writes settings and state to one file, atomically: a kill leaves the previous checkpoint. */
export async function saveCheckpoint(path: string, { settings, state }: Checkpoint): Promise<void> {
  const metadata = { format: FORMAT, settings: toJson(settings), numbers: toJson(state.numbers) };
  await writeAtomic(path, encodeSafetensors(state.arrays, metadata));
}

/**
 * The state of a checkpoint, or undefined when there is no file.
 * Errors: a file of another kind or a damaged one; other settings, naming each that differs.
 */
export async function loadCheckpoint(
  path: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<CheckpointState | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw problem('loadCheckpoint', `cannot read ${path}: ${error.code}`);
  });
  if (!bytes) return undefined;
  const { tensors, metadata } = decodeSafetensors(bytes, `loadCheckpoint ${path}`);
  if (metadata.format !== FORMAT)
    throw problem('loadCheckpoint', `${path} must be a ${FORMAT}`, metadata.format ?? 'another file');
  const changes = differences(fromJson(metadata.settings!), fromJson(toJson(settings)));
  if (changes.length > 0)
    throw problem(
      'loadCheckpoint',
      `${path} belongs to other settings: ${changes.join(', ')}`,
      undefined,
      'use the old settings, another file, or delete it to start again',
    );
  return { arrays: tensors, numbers: fromJson(metadata.numbers!) as Record<string, unknown> };
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

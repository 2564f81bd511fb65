import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Checkpoint, type CheckpointState, loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import { diskProblem, isFull, warnsOnce } from './files.js';
import { type Lock, lockFile } from './lock.js';

/** A checkpoint that one run holds from its beginning to its end. */
export interface HeldCheckpoint {
  /** What the file holds for these settings. @throws those of {@link loadCheckpoint} */
  readonly load: (settings: Checkpoint['settings']) => Promise<CheckpointState | undefined>;
  /** Writes a state. Where the disk does not take it, that is a warning, and the run goes on without. */
  readonly save: (checkpoint: Checkpoint) => Promise<void>;
  /** Lets others have the file. Harmless when done twice. */
  readonly release: () => Promise<void>;
}

/**
 * Holds a checkpoint file for one run. Another run on the same file is refused at once, wherever it runs; what a
 * killed run left is taken over and cleared up.
 * @throws another run holds the file; a place that cannot be written, before any work is done
 */
export async function holdCheckpoint(path: string): Promise<HeldCheckpoint> {
  const warn = warnsOnce('the run goes on without a checkpoint');
  const lock: Lock | undefined = await lockFile('checkpoint', path).catch((error) => {
    const explained = diskProblem('checkpoint', path, error);
    if (!isFull(error)) throw explained;
    warn(explained);
    return undefined;
  });
  if (lock) await removeParts(path);
  return {
    load: (settings) => loadCheckpoint(path, settings),
    save: (checkpoint) => saveCheckpoint(path, checkpoint).catch(warn),
    release: async () => lock?.release(),
  };
}

/** Holds a checkpoint file, where there is one, while a task works with it. */
export async function withCheckpoint<T>(
  path: string | undefined,
  task: (held?: HeldCheckpoint) => Promise<T>,
): Promise<T> {
  const held = path === undefined ? undefined : await holdCheckpoint(path);
  try {
    return await task(held);
  } finally {
    await held?.release();
  }
}

/** Half-written files of runs that were killed while they wrote. */
async function removeParts(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)];
  const parts = (await readdir(folder)).filter((file) => file.startsWith(`${name}.`) && file.endsWith('.part'));
  for (const part of parts) await rm(join(folder, part), { force: true }).catch(() => {});
}

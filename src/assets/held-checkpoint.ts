import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type CheckpointState, loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import { diskProblem, isDiskProblem, isFull } from './files.js';
import { type Lock, lockFile } from './lock.js';

/** A checkpoint that one run holds from its beginning to its end. */
export interface HeldCheckpoint {
  /** What the file held. */
  readonly state?: CheckpointState;
  /** Writes a state. Where the disk does not take it, that is a warning, and the run goes on without. */
  readonly save: (state: CheckpointState) => Promise<void>;
  /** Lets others have the file. Harmless when done twice. */
  readonly release: () => Promise<void>;
}

/**
 * Holds a checkpoint file for one run and reads it. Another run on the same file is refused at once, wherever it runs; what a
 * killed run left is taken over and cleared up.
 * Errors: another run holds the file; a place that cannot be written, before any work is done; those of {@link loadCheckpoint}.
 */
export async function holdCheckpoint(
  path: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<HeldCheckpoint> {
  const said = new Set<string>();
  const warn = (error: unknown): void => {
    if (!isDiskProblem(error)) throw error;
    const { message } = error as Error;
    if (said.has(message)) return;
    said.add(message);
    process.emitWarning(`${message} (the run goes on without a checkpoint)`, 'RoglabWarning');
  };
  const lock: Lock | undefined = await lockFile('checkpoint', path).catch((error) => {
    const explained = diskProblem('checkpoint', path, error);
    if (!isFull(error)) throw explained;
    warn(explained);
    return undefined;
  });
  try {
    if (lock) await removeParts(path);
    const state = await loadCheckpoint(path, settings);
    return {
      state,
      save: (next) => saveCheckpoint(path, { settings, state: next }).catch(warn),
      release: async () => lock?.release(),
    };
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

/** Half-written files of runs that were killed while they wrote. */
async function removeParts(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)];
  const parts = (await readdir(folder)).filter((file) => file.startsWith(`${name}.`) && file.endsWith('.part'));
  for (const part of parts) await rm(join(folder, part), { force: true }).catch(() => {});
}

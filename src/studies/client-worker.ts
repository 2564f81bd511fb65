import { type PlainError, plainError } from '../core/errors.js';
import type { Model } from '../core/types.js';
import { type ProviderName, start } from '../engine/index.js';
import type { LocalResult, LocalSettings, LocalTask, LocalTrainer } from '../federation/index.js';
import { localTrainer } from '../federation/index.js';
import { parseObfuscation } from '../obfuscation/index.js';

/** One client's round as a message: everything in it is plain data. */
export interface ClientJob {
  /** Without weights: those of the round are in the task. */
  readonly model: Omit<Model, 'parameters'>;
  readonly settings: LocalSettings;
  readonly task: LocalTask;
  /** phi in its short form. */
  readonly phi: string;
  readonly phiSeed: number;
  readonly provider?: ProviderName;
}

// A thread serves one federation at a time: its compiled step is kept for the next client.
let kept: { readonly key: string; readonly trainer: LocalTrainer } | undefined;

/** The body of a worker thread: one client's training, and phi on its update. An error comes back as data. */
export default (job: ClientJob): Promise<LocalResult | PlainError> => work(job).catch(plainError);

async function work({ model, settings, task, phi, phiSeed, provider }: ClientJob): Promise<LocalResult> {
  await start({ threads: 1, provider });
  const key = JSON.stringify([model, settings]);
  if (kept?.key !== key) {
    kept?.trainer.dispose();
    kept = { key, trainer: await localTrainer({ ...model, parameters: task.weights }, settings) };
  }
  const { tensors, loss } = await kept.trainer.run(task);
  return { tensors: parseObfuscation(phi).apply(tensors, phiSeed).tensors, loss };
}

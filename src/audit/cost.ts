import { join } from 'node:path';
import { checked, type OptionTable, real, whole } from '../core/option-table.js';
import type { Model } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { partition } from '../federation/index.js';
import { federate } from '../studies/index.js';

/** A short federated training for what a phi costs in accuracy: from the audit's weights, on the train split. */
export interface TrainingConfig {
  /** Default 10. */
  readonly rounds?: number;
  /** Clients, all of them in every round; default 5. */
  readonly clients?: number;
  /** Steps of a client in a round, with 32 images each; default 20. */
  readonly localSteps?: number;
  /** Default 0.05. */
  readonly learningRate?: number;
  /** Training images in all, at most; default 4000. Test images: the last 1000, at most. */
  readonly images?: number;
}

/** Share of test images that are told right, before and after the short training with one phi. */
export interface PhiCost {
  readonly phi: string;
  readonly accuracy: number;
}

/** What a training may be told. */
export const TRAINING_TABLE = {
  rounds: whole('rounds', 10),
  clients: whole('clients, all in every round', 5),
  localSteps: whole('steps of a client in a round', 20),
  learningRate: real('of the clients', 0.05, { open: true }),
  images: whole('training images in all, at most', 4000),
} satisfies OptionTable<TrainingConfig>;

/**
 * Accuracy after the same short training with each phi: same clients, same order of images, one seed.
 * @param folder where a stopped training goes on; default nowhere
 */
export async function costsOf(
  model: Model,
  data: Dataset,
  training: TrainingConfig,
  { phis, seed, folder, signal }: { phis: readonly string[]; seed: number; folder?: string; signal?: AbortSignal },
): Promise<PhiCost[]> {
  const { rounds, clients, localSteps, learningRate, images } = checked('audit training', training, TRAINING_TABLE);
  const count = Math.min(images, data.sizes.train);
  const parts = partition(data.labels('train', [...Array(count).keys()]), { clients, seed });
  const costs: PhiCost[] = [];
  for (const phi of phis) {
    signal?.throwIfAborted();
    const settings = { phi, rounds, cohort: clients, localSteps, learningRate, seed, finalImages: 1000, workers: 0 };
    const file = join(folder ?? '', `training-${phi.replace(/[^\w.-]+/g, '_')}.safetensors`);
    const { history } = await federate(model, data, parts, {
      ...settings,
      ...(folder && { checkpoint: file }),
      signal,
    });
    costs.push({ phi, accuracy: history.at(-1)?.accuracy ?? Number.NaN });
  }
  return costs;
}

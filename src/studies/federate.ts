import { checkArguments, described } from '../core/arguments.js';
import { cores } from '../core/cores.js';
import { problem } from '../core/errors.js';
import { integer } from '../core/options.js';
import type { Model } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { currentSession, interrupts, start } from '../engine/index.js';
import type { ClientWork, Federated, FederationOptions, LocalResult } from '../federation/index.js';
import { federatedRounds, localSettings, localTrainer } from '../federation/index.js';
import { parseObfuscation } from '../obfuscation/index.js';
import type { ClientJob } from './client-worker.js';
import { runIn, workerPool } from './worker-pool.js';

/** Options of {@link federate}. */
export interface FederateOptions extends FederationOptions {
  /** phi on every client's update, in its short form, e.g. `noise:-10`; default `none`. */
  readonly phi?: string;
  /** Clients trained side by side, a core each; default one per core; 0: in this thread. Results are the same. */
  readonly workers?: number;
}

/**
 * Federated training of a model: every round a cohort of clients trains on its own images, phi is applied to each
 * update, the server averages them and moves the model. Federated averaging with any obfuscation of the library, or
 * with private local steps.
 *
 * Resumable: with `checkpoint` a run that is killed at any moment and started again ends with the same bits.
 * @throws more clients per round than there are, a client without images, a checkpoint of other settings, those of phi.
 * A notebook's interrupt ends it after the running round; the result then says `cancelled`.
 * @example
 * const clients = rog.federation.partition(labels, { clients: 10 });
 * const { model: trained, history } = await rog.federate(model, data, clients,
 *   { rounds: 2, cohort: 2, localSteps: 5, phi: 'noise:-5', finalImages: 500 });
 */
export async function federate(
  model: Model,
  data: Dataset,
  clients: readonly (readonly number[])[],
  options: FederateOptions,
): Promise<Federated> {
  checkArguments('federate', 'federate(model, data, clients, options)', { model, dataset: data });
  if (!Array.isArray(clients) || !clients.every(Array.isArray))
    throw problem(
      'federate',
      "the third argument must be a list of each client's positions in the train split",
      described(clients),
      'make it with partition(labels, { clients: 10 })',
    );
  if (typeof options !== 'object' || options === null)
    throw problem('federate', 'needs options', options, 'e.g. { rounds: 50, cohort: 2, localSteps: 100 }');
  const { phi = 'none', workers = cores(), ...rest } = options;
  integer('federate', 'workers', workers, 0, 256);
  parseObfuscation(phi);
  const stop = new AbortController();
  const interrupt = interrupts('federate', { onHit: () => stop.abort() });
  const signal = AbortSignal.any(rest.signal ? [rest.signal, stop.signal] : [stop.signal]);
  const crew =
    workers === 0 ? await alone(model, rest, phi) : await pooled(model, rest, phi, Math.min(workers, rest.cohort));
  try {
    return await federatedRounds(model, data, clients, { ...rest, phi, signal }, crew.work);
  } finally {
    interrupt.release();
    await crew.end();
  }
}

interface Crew {
  readonly work: ClientWork;
  readonly end: () => Promise<void>;
}

/** Clients one after the other in this thread. */
async function alone(model: Model, options: FederationOptions, phi: string): Promise<Crew> {
  const trainer = await localTrainer(model, localSettings(options));
  const obfuscation = parseObfuscation(phi);
  let last: Promise<unknown> = Promise.resolve();
  const one = async (...[task, seed]: Parameters<ClientWork>): Promise<LocalResult> => {
    const { tensors, loss } = await trainer.run(task);
    return { tensors: obfuscation.apply(tensors, seed).tensors, loss };
  };
  return {
    work: (task, seed) => {
      const next = last.then(() => one(task, seed));
      last = next.catch(() => {});
      return next;
    },
    end: async () => trainer.dispose(),
  };
}

/** Clients side by side in worker threads. */
async function pooled(model: Model, options: FederationOptions, phi: string, threads: number): Promise<Crew> {
  const { provider } = currentSession() ?? (await start());
  const { parameters: _, ...bare } = model;
  const pool = workerPool('./client-worker.js', threads);
  const settings = localSettings(options);
  return {
    work: (task, phiSeed) =>
      runIn<ClientJob, LocalResult>(pool, { model: bare, settings, task, phi, phiSeed, provider }),
    end: () => pool.destroy(),
  };
}

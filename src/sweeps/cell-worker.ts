import type { Model } from '../core/types.js';
import { type ProviderName, type Session, start } from '../engine/index.js';
import { batchFrom, withWeights } from './blobs.js';
import { canonical } from './canonical.js';
import { runCell } from './cell.js';
import { buildNetwork } from './sweep-networks.js';
import type { CellJob, CellResult } from './types.js';
import { workerName } from './worker-name.js';

/** One cell as a message to a thread. */
export interface CellTask {
  readonly job: CellJob;
  /** The bytes of what the cell names by hash. */
  readonly blobs: Readonly<Record<string, Uint8Array>>;
  readonly provider?: ProviderName;
  /** One shared number; anything but 0 stops the attack after its running closure. */
  readonly stop?: Int32Array;
}

// The next cell is likely to have the same network.
let kept: { readonly key: string; readonly model: Model } | undefined;

/** The body of a worker thread: one cell on one core; undefined when it was stopped. */
export default async function work({ job, blobs, provider, stop }: CellTask): Promise<CellResult | undefined> {
  const session: Session = await start({ threads: 1, ...(provider && { provider }) });
  const begin = performance.now();
  const key = canonical(job.network);
  if (kept?.key !== key) kept = { key, model: modelOf(job, blobs) };
  const batch = batchFrom(blobs[job.images]!, job.data);
  const outcome = await runCell(job, batch, kept.model, () => stop !== undefined && Atomics.load(stop, 0) !== 0);
  if (!outcome) return undefined;
  const seconds = (performance.now() - begin) / 1000;
  const engine = session.compiled ? `onnxruntime (${session.provider})` : `tfjs (${session.backend})`;
  const { id, ...settings } = job;
  return { id, job: settings, ...outcome, run: { seconds, engine, worker: workerName(), finished: Date.now() } };
}

function modelOf({ network }: CellJob, blobs: CellTask['blobs']): Model {
  const model = buildNetwork(network);
  return network.weights ? withWeights(model, blobs[network.weights]!) : model;
}

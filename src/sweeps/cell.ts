import { abortWhen } from '../core/abort-when.js';
import { sha256 } from '../core/hash.js';
import { deriveSeed } from '../core/random.js';
import type { Batch, Model, Reconstruction, Scores } from '../core/types.js';
import { type AttackOptions, attackBy } from '../registry/index.js';
import { imageGridPng } from '../report/index.js';
import { matched, observeCase, score } from '../studies/index.js';
import type { CellJob, CellResult, ImageNumbers } from './types.js';

/** The part of a result that the settings decide. */
export type CellOutcome = Pick<CellResult, 'done' | 'failed' | 'png'>;

/**
 * One cell from its settings, images and network: the client, phi, the attack, and the scores after it. Undefined when
 * stopped. A mistake in the settings is an outcome with its message; anything else that goes wrong is thrown.
 */
export async function runCell(
  job: CellJob,
  batch: Batch,
  model: Model,
  stopped: () => boolean = () => false,
): Promise<CellOutcome | undefined> {
  const stop = abortWhen(stopped);
  try {
    const { phi, labels, client, seed, image } = job;
    const observed = await observeCase(model, batch, { phi, labels, ...client, seed: deriveSeed(seed, 'phi', image) });
    const options = {
      ...job.attack.options,
      seed: deriveSeed(seed, 'start', image),
      signal: stop.signal,
      onProgress: stop.look,
    };
    const result = await attackBy(job.attack.name)(observed, options as AttackOptions);
    if (result.stopped === 'cancelled') return undefined;
    const scores = await score(batch, result, { lpips: job.lpips });
    const { bitsPerEntry } = observed.obfuscation;
    const done = {
      images: imageRows(batch, result, scores),
      bitsPerEntry,
      objective: finite(result.objective),
      closures: result.closures,
      digest: digestOf(result),
    };
    return { done, ...(job.pictures && { png: picture(batch, result, scores) }) };
  } catch (error) {
    const { name, message } = error as Error;
    if (name !== 'RoglabError') throw error;
    return { failed: { name, message } };
  } finally {
    stop.end();
  }
}

/** NaN and infinities are null, as in JSON. */
const finite = (value: number | undefined): number | null => (Number.isFinite(value) ? value! : null);

const SCORES = ['mse', 'psnr', 'ssim', 'globalSsim', 'featureDistance', 'agreement', 'jaccard', 'lpips'] as const;

const imageRows = (batch: Batch, result: Reconstruction, scores: Scores): ImageNumbers[] =>
  Array.from(batch.labels, (label, position) => ({
    position,
    label,
    labelFound: finite(result.labels[scores.match[position]!]),
    ...Object.fromEntries(SCORES.map((name) => [name, finite(scores[name]?.[position])])),
  }));

const digestOf = ({ images: { data } }: Reconstruction): string =>
  sha256(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).slice(0, 32);

/** Private images above what was rebuilt of them. */
const picture = ({ images }: Batch, result: Reconstruction, scores: Scores): string =>
  Buffer.from(imageGridPng([images, matched(result, scores)])).toString('base64');

import { boundOf, inversionInfluence, largestEigenvalue, updateJacobian } from '../bounds/index.js';
import { trainedOf } from '../core/frozen.js';
import type { Batch, Model, Observation, Update } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { multiplierOf, stepCountOf } from '../federation/index.js';
import {
  gaussianEpsilon,
  gaussianTradeOff,
  psnrOf,
  releasesMu,
  renyiRobustness,
  robustness,
} from '../privacy/index.js';
import type { AuditRow } from './audit-rows.js';

/** What theory says of one phi and batch, beside what the attacks reached. */
export interface AuditBound {
  readonly phi: string;
  readonly batch: number;
  /** Mean squared error of the best attack, over the images of the batch, and as a PSNR in dB. */
  readonly reached: { readonly mse: number; readonly psnr: number };
  /** Least error with a prior of independent normal pixels of this batch's moments; where phi has noise that bounds. */
  readonly bayesian?: {
    readonly mse: number;
    readonly psnr: number;
    readonly kind: 'promise' | 'indication';
    readonly because: readonly string[];
    /** Whether an attack did better than it: the prior knows too little of pictures. */
    readonly beaten: boolean;
  };
  /** First-order error of phi's change (inversion influence); not of clients that clip and noise their steps. */
  readonly influence?: { readonly mse: number; readonly psnr: number };
}

/** What noise inside the client's steps guarantees for one of its images, whatever the attack and the pictures. */
export interface AuditPrivacy {
  /** Of Gaussian differential privacy: sqrt(steps) / noise multiplier; the server knows who takes part. */
  readonly mu: number;
  readonly epsilon: number;
  readonly delta: number;
  /** Chance to rebuild an image at most gamma, kappa without the update; the first kappa is of this data's prior. */
  readonly robustness: readonly { readonly kappa: number; readonly gamma: number; readonly renyi: number }[];
  readonly prior?: AuditPrior;
  /** The best mean rank of an attack, and the chance of as good a one by the label alone: the second kappa. */
  readonly retrieved?: { readonly rank: number; readonly kappa: number };
}

/** What a server reaches by its label alone: the right one of the data's images of the class, drawn blindly. */
export interface AuditPrior {
  /** Mean over the private images of 1 / images of its class: the chance of rank 1. */
  readonly kappa: number;
  /** Images that it chooses from, of all classes. */
  readonly candidates: number;
}

/** Candidates that are counted, at most. */
const MOST = 10000;

/** The measured prior of an audit's images. */
export function priorOf(
  data: Pick<Dataset, 'labels' | 'sizes'>,
  batches: readonly Pick<Batch, 'labels'>[],
): AuditPrior {
  const candidates = Math.min(MOST, data.sizes.test);
  const all = data.labels('test', [...Array(candidates).keys()]);
  const counts = new Map<number, number>();
  for (const label of all) counts.set(label, (counts.get(label) ?? 0) + 1);
  const chances = batches.flatMap(({ labels }) =>
    Array.from(labels, (label) => 1 / Math.max(1, counts.get(label) ?? 1)),
  );
  return { kappa: chances.reduce((sum, chance) => sum + chance / chances.length, 0), candidates };
}

const DELTA = 1e-5;
/** Chances without an update: one candidate in so many. */
const KAPPAS = [0.1, 0.01, 0.001];

/** The guarantee of a client's own noise; undefined without any. */
export function privacyOf(
  { client, tensors }: Pick<Update, 'client' | 'tensors'>,
  prior?: AuditPrior,
  retrieved?: AuditPrivacy['retrieved'],
): AuditPrivacy | undefined {
  const trained = trainedOf({ parameters: tensors }, client.frozen).filter((is) => is).length;
  const noiseMultiplier = client.privacy ? multiplierOf(client.privacy, trained) : 0;
  if (!(noiseMultiplier > 0)) return undefined;
  const steps = stepCountOf(client);
  const mu = releasesMu({ noiseMultiplier, steps });
  return {
    mu,
    epsilon: gaussianEpsilon({ mu, delta: DELTA }),
    delta: DELTA,
    ...(prior && { prior }),
    ...(retrieved && { retrieved }),
    robustness: [...[prior, retrieved].flatMap((one) => (one && one.kappa < 1 ? [one.kappa] : [])), ...KAPPAS].map(
      (kappa) => ({
        kappa,
        gamma: robustness(gaussianTradeOff(mu), kappa),
        renyi: renyiRobustness({ sampleRate: 1, noiseMultiplier, steps, kappa }).gamma,
      }),
    ),
  };
}

/** A batch, its update, and the phi whose bounds are asked for. */
export interface Bounded {
  readonly model: Model;
  readonly batch: Batch;
  readonly update: Update;
  readonly seed: number;
  readonly phis: readonly {
    readonly phi: string;
    readonly observation: Observation;
    readonly rows: readonly AuditRow[];
  }[];
}

/** Closures for ||J||_F^2. */
const SAMPLES = 8;

const NATURAL =
  'pictures are not independent normal pixels: an attacker who knows what pictures look like can do better';

/** Bounds of every phi on one batch. Derivatives are taken at the private pictures: the auditor has them. */
export async function boundsOf({ model, batch, update, seed, phis }: Bounded, number: number): Promise<AuditBound[]> {
  const jacobian = await updateJacobian(model, update.client, batch.labels);
  try {
    const { data } = batch.images;
    const priorMean = data.reduce((sum, x) => sum + x / data.length, 0);
    const variance = data.reduce((sum, x) => sum + (x - priorMean) ** 2 / data.length, 0);
    const priorDeviation = Math.max(Math.sqrt(variance), 1e-3);
    const lambda = update.client.privacy ? undefined : await largestEigenvalue(jacobian, batch.images, seed);
    const found: AuditBound[] = [];
    for (const { phi, observation, rows } of phis) {
      const { labels, images } = batch;
      const errors = rows.map(({ scores }) => scores.mse.reduce((sum, e) => sum + e / scores.mse.length, 0));
      const mse = Math.min(...errors);
      const options = { priorMean, priorDeviation, samples: SAMPLES, seed, images, labels, jacobian };
      const bound = await boundOf(observation, options);
      const influence =
        lambda && (await inversionInfluence(jacobian, images, update.tensors, observation.tensors, lambda));
      found.push({
        phi,
        batch: number,
        reached: { mse, psnr: psnrOf(mse) },
        ...(bound && {
          bayesian: {
            mse: bound.mse,
            psnr: bound.psnr,
            kind: 'indication',
            because: [NATURAL, ...bound.because],
            beaten: mse < bound.mse,
          },
        }),
        ...(influence && { influence: { mse: influence.mse, psnr: influence.psnr } }),
      });
    }
    return found;
  } finally {
    jacobian.dispose();
  }
}

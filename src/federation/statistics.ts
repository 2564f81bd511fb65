import type { BatchNormLayer, ClientSettings, Layer, Model, NamedArray, NdArray, Observation } from '../core/types.js';
import { compile, type Step, type Tensor } from '../engine/index.js';
import type { BatchMoments, ForwardOptions } from '../models/index.js';
import { forward, mapLayers, mixesExamples, someLayer } from '../models/index.js';
import { stepsOf } from './client-settings.js';
import { iterated } from './iterated.js';
import { zeros } from './picked-rows.js';
import { inTurn, type Run, runOf } from './told-by-run.js';

/**
 * What the server knows of the statistics that batch norm used, in the words of Huang et al. 2021 (section 3, "BN
 * statistics"): `none`: no batch norm. `fixed`: evaluation mode, the model's running statistics, which everybody has
 * (Geiping et al. 2020). `BN_exact`: training mode, and the client sends its running statistics, which give away the
 * batch's. `BN_infer`: training mode, withheld; the attack takes those of the batch it is searching.
 */
export type BatchNormThreat = 'none' | 'fixed' | 'BN_exact' | 'BN_infer';

/** Which of the threat models an observation is. */
export function batchNormThreat({ model, statistics }: Pick<Observation, 'model' | 'statistics'>): BatchNormThreat {
  if (!someLayer(model.layers, ({ kind }) => kind === 'batchNorm')) return 'none';
  if (!mixesExamples(model)) return 'fixed';
  return statistics ? 'BN_exact' : 'BN_infer';
}

/** Mean and variance of one batch-norm layer's inputs; over the count less one, as PyTorch keeps it. */
export interface PlainMoments {
  readonly mean: NdArray;
  readonly variance: NdArray;
}

/** The moments of every batch-norm layer's inputs, in order, as a pure function of (parameters, images). */
export function batchMoments(model: Model, run: Pick<ForwardOptions, 'secret' | 'random'> = {}) {
  return (parameters: readonly Tensor[], images: Tensor): BatchMoments[] => {
    const moments: BatchMoments[] = [];
    forward(model, { ...run, watch: (one) => moments.push(one) })(parameters, images);
    return moments;
  };
}

function normsOf({ layers }: Pick<Model, 'layers'>): BatchNormLayer[] {
  const norms: BatchNormLayer[] = [];
  visit(layers, (layer) => {
    if (layer.kind === 'batchNorm') norms.push(layer);
  });
  return norms;
}

/** mapLayers() without a change, in the order of the parameters. */
function visit(layers: readonly Layer[], see: (layer: Layer) => void): void {
  mapLayers(layers, (layer) => {
    see(layer);
    return layer;
  });
}

/**
 * The running statistics after a client's local steps, r' = (1 - momentum) r + momentum m in every step, with the
 * variance divided by count - 1: what PyTorch's training mode leaves in running_mean and running_var. Layers in
 * evaluation mode keep theirs.
 */
export async function runningStatistics(
  model: Model,
  images: NdArray,
  targets: NdArray,
  client: ClientSettings,
  secret?: number,
): Promise<NamedArray[]> {
  const norms = normsOf(model);
  const compiled = new Map<number, { step: Step; counts: number[]; drawings: Run['drawings'] }>();
  const compiledFor = async (x: NdArray, weights: readonly NdArray[]) => {
    const { drawings } = runOf(model, x.shape[0]!, { secret });
    const counts: number[] = [];
    const masks = inTurn();
    const moments = batchMoments(model, { secret, random: masks.next });
    const step = await compile(
      (pictures: Tensor, ...rest: Tensor[]) => {
        masks.are(rest.slice(0, drawings.length));
        return moments(rest.slice(drawings.length), pictures).flatMap(({ mean, variance, count }, k) => {
          counts[k] = count;
          return [mean, variance];
        });
      },
      [x, ...drawings.map(({ shape }) => zeros(shape)), ...weights],
      { name: `batch statistics of ${model.name}` },
    );
    return { step, counts, drawings };
  };
  const momentsAt = async (t: number, x: NdArray, weights: readonly NdArray[]) => {
    const size = x.shape[0]!;
    const one = compiled.get(size) ?? (await compiledFor(x, weights));
    compiled.set(size, one);
    const drawn = one.drawings.map(({ shape, at }) => ({ shape, data: at(t) }));
    return { values: await one.step.run(x, ...drawn, ...weights), counts: one.counts };
  };
  let running = [...model.buffers!];
  const visitStep = async (t: number, x: NdArray, weights: readonly NdArray[]): Promise<void> => {
    const { values, counts } = await momentsAt(t, x, weights);
    running = running.map((old, at) => {
      const { mode = 'train', momentum = 0.1 } = norms[at >> 1]!;
      if (mode === 'eval') return old;
      const unbiased = at % 2 === 0 ? 1 : counts[at >> 1]! / (counts[at >> 1]! - 1);
      const batch = values[at]!.data;
      return { ...old, data: old.data.map((r, c) => (1 - momentum) * r + momentum * unbiased * batch[c]!) };
    });
  };
  try {
    if (stepsOf(client).length === 1 && !stepsOf(client)[0]!.rows) await visitStep(0, images, model.parameters);
    else {
      const steps = await iterated(model, client, 'forward', { secret });
      await steps.forward(images, targets, visitStep).finally(steps.dispose);
    }
    return running;
  } finally {
    for (const { step } of compiled.values()) step.dispose();
  }
}

/** Whether what the client sent tells its batch's own moments: one step of training mode on the whole batch. */
export function tellsMoments({ model, statistics, client }: Observation): boolean {
  if (!statistics || client.localSteps > 1 || client.miniBatch !== client.batchSize || client.clients) return false;
  return normsOf(model).every(({ momentum = 0.1, mode = 'train' }) => mode === 'train' && momentum > 0);
}

/**
 * The moments that an attack compares pictures with: those of the client's batch where they follow from what it sent
 * (one local step on the whole batch), else the model's running statistics, which stand for them (BN_proxy).
 * @returns per batch-norm layer, in order
 */
export function knownMoments({ model, statistics, client }: Observation): PlainMoments[] {
  const { buffers = [] } = model;
  const single = client.localSteps === 1 && client.miniBatch === client.batchSize && !client.clients;
  return normsOf(model).map(({ momentum = 0.1, mode = 'train' }, k) => {
    const [mean, variance] = [buffers[2 * k]!, buffers[2 * k + 1]!];
    if (!statistics || !single || mode === 'eval' || momentum === 0) return { mean, variance };
    const batch = (at: number): NdArray => ({
      shape: buffers[at]!.shape,
      data: statistics[at]!.data.map((after, c) => (after - (1 - momentum) * buffers[at]!.data[c]!) / momentum),
    });
    return { mean: batch(2 * k), variance: batch(2 * k + 1) };
  });
}

/** roglab as a contestant: sets a case up on this process's engine and evaluates it on demand. */
import { createInterface } from 'node:readline';
import { attackClosure } from '../../attacks/search/closure.js';
import { ndarray, oneHot } from '../../core/arrays.js';
import { uniformStream } from '../../core/random.js';
import { resample, resampleAdjoint } from '../../core/resample.js';
import type { Model, NdArray } from '../../core/types.js';
import { compile, crossEntropy, currentSession, start, type Tensor, tf } from '../../engine/index.js';
import { clientUpdate, observe, privateStep } from '../../federation/index.js';
import { forward, lenet, paperResnet18, vgg7 } from '../../models/index.js';
import type { BenchCase } from './cases.js';

interface Workload {
  readonly engine: string;
  /** One evaluation; its result is what engines are compared by. */
  readonly evaluate: () => Promise<NdArray>;
}

const networks = { lenet, vgg7, paperResnet18 };

/** Answers the lines of standard input until it ends. */
export async function serve(benchCase: BenchCase, threads: number): Promise<void> {
  await start({ threads });
  const { batch, size, model: name, classes } = benchCase;
  const model = networks[name]({ imageShape: [size, size, 3], classes, seed: 1 });
  const images = ndarray([batch, size, size, 3], uniformStream(2));
  const labels = Int32Array.from({ length: batch }, (_, i) => i % classes);
  const begin = performance.now();
  const workload = await WORKLOADS[benchCase.kind](model, images, labels, benchCase);
  const compileMs = Math.round(performance.now() - begin);
  const result = sample((await workload.evaluate()).data);
  say({ engine: workload.engine, threads, compileMs, result });
  for await (const line of createInterface({ input: process.stdin })) {
    const ms: number[] = [];
    const before = process.cpuUsage();
    for (let i = 0; i < Number(line); i++) {
      const from = performance.now();
      await workload.evaluate();
      ms.push(performance.now() - from);
    }
    const { user, system } = process.cpuUsage(before);
    say({ ms, cpuMs: (user + system) / 1000 / Number(line), rssMb: Math.round(process.resourceUsage().maxRSS / 1024) });
  }
}

/** At most 512 entries, spread evenly. */
const sample = (data: Float32Array): number[] => {
  const step = Math.ceil(data.length / 512);
  return Array.from({ length: Math.ceil(data.length / step) }, (_, i) => data[i * step]!);
};

const say = (answer: object): boolean => process.stdout.write(`${JSON.stringify(answer)}\n`);

/** Latent -> pictures -> simulated update -> squared distance, and the gradient back in the latent. */
async function attack(
  model: Model,
  images: NdArray,
  labels: Int32Array,
  { size, batch, localSteps }: BenchCase,
): Promise<Workload> {
  const update = await clientUpdate(model, { images, labels }, { localSteps });
  const observation = observe(model, update, { labels });
  const closure = await attackClosure(observation, {
    objective: 'l2',
    simulate: 'steps',
    prior: 'tv',
    weight: 0,
    labels,
  });
  const latent = ndarray([batch, size / 4, size / 4, 3], uniformStream(3));
  const evaluate = async (): Promise<NdArray> => {
    const { gradient } = await closure.evaluate(resample(latent, [size, size]));
    return resampleAdjoint(gradient, [size / 4, size / 4]);
  };
  return { engine: closure.engine, evaluate };
}

const LEARNING_RATE = 0.01;

/** One step of plain SGD; the new parameters are the next step's input. */
async function train(model: Model, images: NdArray, labels: Int32Array): Promise<Workload> {
  const logits = forward(model);
  const targets = oneHot('bench', labels, model.classes);
  let parameters: readonly NdArray[] = model.parameters;
  const step = await compile(
    (x: Tensor, y: Tensor, ...weights: Tensor[]) => {
      const loss = (...w: Tensor[]): tf.Scalar => crossEntropy(logits(w, x), y);
      const { value, grads } = tf.valueAndGrads(loss)(weights);
      return [value, ...weights.map((w, k) => tf.sub(w, tf.mul(grads[k]!, LEARNING_RATE)))];
    },
    [images, targets, ...parameters],
    { name: 'training step' },
  );
  const evaluate = async (): Promise<NdArray> => {
    const [loss, ...next] = await step.run(images, targets, ...parameters);
    parameters = next;
    return loss!;
  };
  return { engine: step.engine, evaluate };
}

const privacy = { clip: 2, scope: 'tensor', noise: { snr: 0 } } as const;

/** The step of the talk's first code: every example clipped to norm 2 tensor by tensor, noise at 0 dB, the mean. */
async function privately(model: Model, images: NdArray, labels: Int32Array): Promise<Workload> {
  const { threads } = currentSession()!;
  const step = await privateStep(model, privacy, { batchSize: labels.length, threads });
  const targets = oneHot('bench', labels, model.classes);
  let weights: readonly NdArray[] = model.parameters;
  let seed = 0;
  const evaluate = async (): Promise<NdArray> => {
    const next = await step.run(weights, images, targets, LEARNING_RATE, seed++);
    weights = next.weights.map((data, k) => ({ shape: weights[k]!.shape, data }));
    return { shape: [1], data: Float32Array.of(next.loss) };
  };
  return { engine: step.engine, evaluate };
}

const WORKLOADS = { closure: attack, train, private: privately };

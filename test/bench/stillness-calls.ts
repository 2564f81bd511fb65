/** What stillness.ts calls: each makes what it needs, then gives the call that is watched. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as rog from '../../src/index.js';
import { OBFUSCATION_FORMS } from '../../src/obfuscation/index.js';

type Prepare = () => Promise<() => unknown>;
type Client = Parameters<typeof rog.clientUpdate>[2];

const scenes = (size: number) => rog.openDataset('scenes', { size });
const sizes = { 32: scenes(32), 64: scenes(64), 128: scenes(128) };
type Size = keyof typeof sizes;

const NETS = {
  lenet: rog.lenet,
  vgg7: rog.nets.vgg7,
  paperResnet18: rog.nets.paperResnet18,
  resnet18: rog.nets.resnet18,
};

async function given(net: keyof typeof NETS, size: Size, images: number, labels?: 'distinct') {
  const data = await sizes[size];
  const model = NETS[net]({ imageShape: data.imageShape, classes: 10, seed: 1 });
  return { model, batch: data.batch({ size: images, seed: 3, ...(labels && { labels }) }) };
}

async function seen(
  net: keyof typeof NETS,
  size: Size,
  images: number,
  phi: string,
  client: Client = {},
  infer = false,
) {
  const { model, batch } = await given(net, size, images, infer ? undefined : 'distinct');
  const update = await rog.clientUpdate(model, batch, client);
  const obfuscation = rog.phi.parseObfuscation(phi);
  return rog.observe(model, update, { obfuscation, labels: infer ? 'infer' : batch.labels });
}

type Seen = Parameters<typeof seen>;
const FIVE = { localSteps: 5, learningRate: 0.003 };

const attacked =
  (options: Parameters<typeof rog.rog>[1], ...of: Seen): Prepare =>
  async () => {
    const observation = await seen(...of);
    return () => rog.rog(observation, { iterations: 60, ...options });
  };

const updated =
  (net: keyof typeof NETS, size: Size, images: number, client: Client): Prepare =>
  async () => {
    const { model, batch } = await given(net, size, images);
    return () => rog.clientUpdate(model, batch, client);
  };

/** An update of ResNet-18, eleven million entries, made up. */
async function large() {
  const { model } = await given('resnet18', 32, 2);
  const normal = rog.data.normalStream(7);
  const tensors = model.parameters.map((one) => ({ ...one, data: one.data.map(() => 0.01 * normal()) }));
  const { client } = await rog.clientUpdate(...(await smallest()));
  return { model, update: { kind: 'update' as const, tensors, client, loss: 1 } };
}

async function smallest() {
  const { model, batch } = await given('lenet', 32, 1);
  return [model, batch] as const;
}

const VALUES: Readonly<Record<string, string>> = {
  BITS: '3',
  SPARSITY: '0.95',
  SNR: '-10',
  DEVIATION: '0.01',
  NORM: '1',
  KEEP: '0.1',
  PERCENT: '90',
  LAYER: 'fc',
  CLIP: '0.02',
  A: '0.1',
  B: '0.5',
};
const folder = (): string => mkdtempSync(join(tmpdir(), 'still-'));

const phis = Object.fromEntries(
  OBFUSCATION_FORMS.filter((form) => !form.startsWith('only') && !form.startsWith('without')).map(
    (form): [string, Prepare] => {
      const phi = form.replace(/\[.*\]/, '').replace(/[A-Z]+/g, (word) => VALUES[word] ?? word);
      return [
        `observe ${phi}`,
        async () => {
          const { model, update } = await large();
          const obfuscation = rog.phi.parseObfuscation(phi);
          return () => rog.observe(model, update, { obfuscation, labels: [0] });
        },
      ];
    },
  ),
);

export const CALLS: Readonly<Record<string, Prepare>> = {
  'rog lenet 32 none b1': attacked({}, 'lenet', 32, 1, 'none'),
  'rog matching lenet 32 b4 3 bits': attacked({ method: 'matching' }, 'lenet', 32, 4, 'quantize:3'),
  'rog matching lenet 64 b4 sign': attacked({ method: 'matching' }, 'lenet', 64, 4, 'sign'),
  'rog closed form 32 b4': attacked({ method: 'closed-form' }, 'lenet', 32, 4, 'none'),
  'rog closed form 64 b4': attacked({ method: 'closed-form' }, 'lenet', 64, 4, 'none'),
  'rog closed form 64 b8 top-k': attacked({ method: 'closed-form' }, 'lenet', 64, 8, 'topk:0.95'),
  'rog lenet 128 b8 3 bits': attacked({ iterations: 10, method: 'closed-form' }, 'lenet', 128, 8, 'quantize:3'),
  'rog lenet 32 b16 inferred none': attacked({}, 'lenet', 32, 16, 'none', {}, true),
  'rog lenet 32 b16 inferred 3 bits': attacked({}, 'lenet', 32, 16, 'quantize:3', {}, true),
  'rog lenet 32 b16 inferred sign': attacked({}, 'lenet', 32, 16, 'sign', {}, true),
  'rog lenet 32 b4 five steps': attacked({}, 'lenet', 32, 4, 'quantize:3', FIVE),
  'rog lenet 32 b1 100 steps': attacked({ iterations: 10 }, 'lenet', 32, 1, 'none', { ...FIVE, localSteps: 100 }),
  'rog vgg7 32 b1': attacked({ iterations: 10 }, 'vgg7', 32, 1, 'none'),
  'rog vgg7 32 b4 top-k five steps': attacked({ iterations: 6, method: 'matching' }, 'vgg7', 32, 4, 'topk:0.95', FIVE),
  'rog paperResnet18 32 b2': attacked({ iterations: 10 }, 'paperResnet18', 32, 2, 'none'),
  'rog resnet18 32 b2 sign': attacked({ iterations: 6, method: 'matching' }, 'resnet18', 32, 2, 'sign'),
  'rog paperResnet18 64 b4 3 bits': attacked(
    { iterations: 6, method: 'matching' },
    'paperResnet18',
    64,
    4,
    'quantize:3',
  ),
  inferLabels: async () => {
    const observation = await seen('lenet', 32, 16, 'quantize:3', {}, true);
    return () => rog.attacks.inferLabels(observation);
  },
  rogs: async () => {
    const data = await rog.openDataset('scenes', { size: 32 });
    const model = rog.lenet({ imageShape: data.imageShape, classes: 10, seed: 1 });
    const update = await rog.clientUpdate(model, data.batch({ size: 1, seed: 3 }), {});
    const observation = rog.observe(model, update, { obfuscation: rog.phi.sign(), labels: [3] });
    const { classNames } = await rog.nets.shippedGenerator();
    return () => rog.attacks.rogs(observation, { iterations: 40, classNames });
  },
  restore: async () => {
    const observation = await seen('lenet', 128, 4, 'quantize:3');
    const result = await rog.rog(observation, { iterations: 2, method: 'matching' });
    return () => rog.attacks.restore(result);
  },
  'clientUpdate vgg7 b8 five': updated('vgg7', 32, 8, FIVE),
  'clientUpdate resnet18 b4': updated('resnet18', 32, 4, {}),
  'clientUpdate paperResnet18 64 b4 five': updated('paperResnet18', 64, 4, FIVE),
  'clientUpdate lenet private': updated('lenet', 32, 8, { privacy: { clip: 1, noiseMultiplier: 1 } }),
  'clientUpdate resnet18 private': updated('resnet18', 32, 4, { privacy: { clip: 1, noiseMultiplier: 1 } }),
  trainClassifier: async () => {
    const data = await sizes[32];
    const { model } = await given('lenet', 32, 1);
    const short = { ...data, sizes: { train: 2000, test: 100 } };
    return () => rog.train.trainClassifier(model, short, { epochs: 1, optimizer: rog.train.adam(), heldOut: 500 });
  },
  federate: async () => {
    const data = await sizes[32];
    const { model } = await given('lenet', 32, 1);
    const short = { ...data, sizes: { train: 400, test: 500 } };
    const clients = Array.from({ length: 4 }, (_, c) => Array.from({ length: 100 }, (_, i) => 100 * c + i));
    return () => rog.federate(model, short, clients, { rounds: 3, cohort: 2, localSteps: 2, phi: 'noise:-10' });
  },
  'federate vgg7': async () => {
    const data = await sizes[32];
    const { model } = await given('vgg7', 32, 1);
    const short = { ...data, sizes: { train: 40, test: 50 } };
    const clients = Array.from({ length: 4 }, (_, c) => Array.from({ length: 10 }, (_, i) => 10 * c + i));
    return () =>
      rog.federate(model, short, clients, {
        rounds: 2,
        cohort: 2,
        localSteps: 2,
        batchSize: 4,
        phi: 'topk:0.95',
        workers: 1,
      });
  },
  study: async () => {
    const { model, batch } = await given('lenet', 32, 4, 'distinct');
    const trials = ['quantize:3', 'sign'].map((phi) => ({ model, batch, phi, options: { iterations: 20 } }));
    return () => rog.study(trials, { workers: 1 });
  },
  'study vgg7': async () => {
    const { model, batch } = await given('vgg7', 32, 1);
    const trials = ['quantize:3', 'topk:0.95'].map((phi) => ({ model, batch, phi, options: { iterations: 4 } }));
    return () => rog.study(trials, { workers: 1 });
  },
  audit: async () => () =>
    rog
      .audit(
        {
          data: 'scenes',
          size: 32,
          batch: 4,
          phi: ['none', 'quantize:3', 'topk:0.95'],
          iterations: 20,
          remedies: false,
        },
        { folder: folder(), workers: 1 },
      )
      .then(({ rows }) => rows),
  'audit resnet18': async () => () =>
    rog
      .audit(
        {
          network: 'resnet18',
          data: 'scenes',
          size: 32,
          batch: 1,
          phi: ['topk:0.95'],
          labels: ['known'],
          iterations: 3,
          remedies: false,
        },
        { folder: folder(), workers: 1 },
      )
      .then(({ rows }) => rows),
  sweep: async () => () =>
    rog.sweeps
      .sweep(
        { networks: 'lenet', data: 'scenes', phi: ['none', 'quantize:3'], images: 4 },
        { folder: folder(), workers: 1, yes: true },
      )
      .then(() => 'done'),
  'loadWeights of saved resnet18': async () => {
    const { model } = await given('resnet18', 32, 2);
    const file = join(folder(), 'w.safetensors');
    await rog.nets.saveWeights(file, model);
    return () => rog.loadWeights(file, model);
  },
  'saveWeights resnet18': async () => {
    const { model } = await given('resnet18', 32, 2);
    return () => rog.nets.saveWeights(join(folder(), 'w.safetensors'), model);
  },
  'loadNetwork ROGLAB_ONNX': async () => () => rog.loadNetwork(process.env.ROGLAB_ONNX ?? 'none.onnx'),
  'openDataset photos': async () => () => rog.openDataset('photos', { size: 128 }),
  'openDataset ROGLAB_DATA': async () => () => rog.openDataset(process.env.ROGLAB_DATA ?? 'photos'),
  'score 128': async () => {
    const { batch } = await given('lenet', 128, 8);
    const result = { ...(await rog.rog(await seen('lenet', 128, 8, 'sign'), { iterations: 1, method: 'matching' })) };
    return () => rog.score(batch, result);
  },
  ...phis,
};

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { sizeOf } from '../../src/core/arrays.js';
import type { ImageShape, Layer, Model } from '../../src/core/types.js';
import {
  alexnet,
  fromTorchOrder,
  lenet,
  lenet5,
  loadWeights,
  mixesExamples,
  network,
  paperResnet18,
  parameterSpecs,
  resnet18,
  saveWeights,
  toTorchOrder,
  twoLayer,
  vgg7,
  vgg11,
  vit,
  withModes,
} from '../../src/models/index.js';
import { MODELS } from '../../src/registry/index.js';

const count = ({ parameters }: { parameters: readonly { data: Float32Array }[] }) =>
  parameters.reduce((sum, p) => sum + p.data.length, 0);

test('the networks have the published numbers of parameters', () => {
  assert.equal(count(lenet()), 32 * 75 + 32 + 64 * 800 + 64 + 4096 * 512 + 512 * 10);
  assert.equal(count(twoLayer({ inputs: 2, hidden: 5, classes: 1 })), 2 * 5 + 5);
  // torchvision's ResNet-18 without batch norm and its dense layer: 11,166,912 convolution weights
  assert.equal(count(paperResnet18({ imageShape: [64, 64, 3] })) - 512 * 64 * 10, 11_166_912);
  const [b, m, w] = [128, 256, 512];
  const convolutions = 9 * (3 * b + b * b + b * m + m * m + m * w + w * w) + 2 * (b + m + w);
  assert.equal(count(vgg7()), convolutions + 4 * 4 * w * 1024 + 1024 * 10);
});

test('the usual networks have the published numbers of parameters, at 1000 classes and 224x224 and others', () => {
  const wanted = { resnet18: 11_689_512, resnet34: 21_797_672, mobilenetV2: 3_504_872, alexnet: 61_100_840 };
  const size = ({ layers }: Model, shape: ImageShape) =>
    parameterSpecs(layers, shape).specs.reduce((sum, spec) => sum + sizeOf(spec.shape), 0);
  for (const [name, parameters] of Object.entries(wanted)) {
    const narrow = MODELS[name as keyof typeof wanted]({ imageShape: [64, 64, 3], classes: 1000 });
    assert.equal(count(narrow), parameters, name);
    assert.equal(size(narrow, [224, 224, 3]), parameters, `${name} at 224x224`);
  }
  // 133 million numbers: from the layers of a narrow one
  const wide = (layers: readonly Layer[]): Layer[] =>
    layers.map((layer) => {
      if (layer.kind === 'conv') return { ...layer, filters: layer.filters * 64 };
      return layer.kind === 'dense' && layer.units === 64 ? { ...layer, units: 4096 } : layer;
    });
  const vgg = vgg11({ width: 1 / 64, classes: 1000 });
  assert.equal(size({ ...vgg, layers: wide(vgg.layers) }, [224, 224, 3]), 132_863_336);
  assert.equal(size({ ...vgg, layers: wide(vgg.layers) }, [32, 32, 3]), 132_863_336);
  assert.equal(count(lenet5({ imageShape: [28, 28, 1] })), 61_706);
  assert.equal(count(lenet5({ imageShape: [32, 32, 1] })), 61_706);
  assert.equal(count(lenet5()), 62_006);
  const small = vit({ imageShape: [224, 224, 3], classes: 1000, patch: 16, width: 12, depth: 12, heads: 12 });
  const tokens = (layers: readonly Layer[]): Layer[] =>
    layers.map((layer) => {
      if (layer.kind === 'patchEmbedding') return { ...layer, units: 768 };
      if (layer.kind === 'dense' && layer.perToken) return { ...layer, units: layer.units * 64 };
      return layer.kind === 'residual' ? { ...layer, body: tokens(layer.body) } : layer;
    });
  assert.equal(size({ ...small, layers: tokens(small.layers) }, [224, 224, 3]), 86_567_656);
});

test('width narrows a network; options of the layers that train differently reach every one of them', () => {
  assert.deepEqual(resnet18({ width: 0.25 }).parameters[0]!.shape, [7, 7, 3, 16]);
  const kinds = (model: Model) => JSON.stringify(model.layers);
  assert.equal(resnet18({ width: 0.1, batchNorm: 'eval' }).layers.length, resnet18({ width: 0.1 }).layers.length);
  assert.equal(kinds(resnet18({ width: 0.1, batchNorm: 'eval' })).match(/"mode":"eval"/g)!.length, 20);
  const model = resnet18({ width: 0.1 });
  assert.deepEqual(withModes(model, { batchNorm: 'train' }).buffers, model.buffers);
  assert.equal(mixesExamples(model), true);
  assert.equal(mixesExamples(withModes(model, { batchNorm: 'eval' })), false);
  const normalized = lenet({ normalize: { mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] } });
  assert.equal(normalized.layers[0]!.kind, 'normalize');
  assert.throws(
    () => lenet({ batchNorm: 'train' }),
    /lenet: has no batchNorm layer whose mode could be set, got "train"/,
  );
  assert.throws(
    () => resnet18({ batchNorm: 'training' as never }),
    /batchNorm must be one of eval, train, got "training"/,
  );
  assert.throws(
    () => alexnet({ imageShape: [64, 64, 3], width: 0.03, dropout: 'yes' as never }),
    /dropout must be one of off, known, unknown/,
  );
  assert.throws(() => resnet18({ width: 0 }), /resnet18: width must be a number strictly between 0 and 16, got 0/);
  assert.throws(() => alexnet(), /leaves nothing of the picture/);
  assert.throws(() => vit({ heads: 5 }), /heads must divide the width of the tokens \(64\), got 5/);
});

test('torchvision starts residual and plain convolutions by the fan out', () => {
  const [stem] = resnet18().parameters;
  const variance = stem!.data.reduce((sum, v) => sum + v * v, 0) / stem!.data.length;
  assert.ok(Math.abs(variance / (2 / (49 * 64)) - 1) < 0.05, `${variance}`);
  const { parameters } = vgg11({ width: 0.1 });
  assert.ok(parameters.filter(({ name }) => name.endsWith('/bias')).every(({ data }) => data.every((b) => b === 0)));
  const head = parameters.at(-2)!.data;
  assert.ok(Math.abs(Math.sqrt(head.reduce((sum, v) => sum + v * v, 0) / head.length) / 0.01 - 1) < 0.05);
});

test('initial weights are uniform in +-1/sqrt(fan in), and seeds decide them', () => {
  const [kernel] = lenet({ seed: 3 }).parameters;
  const bound = 1 / Math.sqrt(75);
  assert.ok(kernel!.data.every((v) => Math.abs(v) <= bound));
  const variance = kernel!.data.reduce((sum, v) => sum + v * v, 0) / kernel!.data.length;
  assert.ok(Math.abs(variance / (bound ** 2 / 3) - 1) < 0.06);
  assert.deepEqual(lenet({ seed: 3 }).parameters, lenet({ seed: 3 }).parameters);
  assert.notDeepEqual(lenet({ seed: 3 }).parameters[0], lenet({ seed: 4 }).parameters[0]);
});

test('toTorchOrder undoes fromTorchOrder for kernels, dense layers and biases', () => {
  const model = lenet({ imageShape: [8, 8, 3] });
  parameterSpecs(model.layers, model.imageShape).specs.forEach((spec, k) => {
    const { data } = model.parameters[k]!;
    assert.deepEqual(fromTorchOrder(spec, toTorchOrder(spec, data)), data);
  });
});

test('weights survive a safetensors file; those of another network are refused by name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-'));
  try {
    const path = join(folder, 'w.safetensors');
    const model = lenet({ imageShape: [8, 8, 3], seed: 1 });
    await saveWeights(path, model);
    assert.deepEqual((await loadWeights(path, lenet({ imageShape: [8, 8, 3], seed: 2 }))).parameters, model.parameters);
    await assert.rejects(
      loadWeights(path, lenet({ imageShape: [16, 16, 3] })),
      /dense6\/kernel \[1024,512\], got "dense6\/kernel \[256,512\]"/,
    );
    const quantized = model.parameters.map((p) => ({ ...p, data: p.data.map((x) => Math.round(1000 * x)) }));
    await saveWeights(path, { ...model, parameters: quantized });
    await assert.rejects(loadWeights(path, model), /must not be whole numbers alone, got "up to \d+".*dequantize\(\)/);
    writeFileSync(path, 'not weights');
    await assert.rejects(loadWeights(path, model));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('network: refusals in words', () => {
  const layers = [{ kind: 'dense', units: 7 }] as const;
  assert.throws(
    () => network({ name: 'n', layers, classes: 10 }),
    /the last layer must give 10 numbers, one per class/,
  );
  const wrong = (layer: object) => () => network({ name: 'n', layers: [layer as never], classes: 10 });
  assert.throws(
    wrong({ kind: 'maxpool', size: 2 }),
    /model: the kind of layer 0 must be one of .*; did you mean "maxPool"\?/,
  );
  assert.throws(
    wrong({ kind: 'conv', filter: 8, size: 3 }),
    /layer 0 \(conv\): unknown option "filter"; did you mean "filters"/,
  );
  assert.throws(wrong({ kind: 'dense' }), /layer 0 \(dense\): units must be an integer of at least 1/);
  assert.throws(() => lenet({ imageShape: [2, 2, 3] }), /leaves nothing of the picture/);
  assert.throws(() => lenet({ clases: 3 } as object), /lenet: unknown option "clases"; did you mean "classes"\?/);
  assert.throws(() => lenet({ seed: 1.5 }), /seed must be an integer of at least 0, got 1.5/);
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import {
  fromTorchOrder,
  lenet,
  loadWeights,
  network,
  paperResnet18,
  parameterSpecs,
  saveWeights,
  toTorchOrder,
  twoLayer,
  vgg7,
} from '../../src/models/index.js';

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

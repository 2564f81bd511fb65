import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Layer, Model } from '../../src/core/types.js';
import { start, tf, toTensor } from '../../src/engine/index.js';
import { forward, loadWeights, mapLayers, network } from '../../src/models/index.js';
import { fromTorch } from '../../src/models/torch-weights.js';
import { temporaryFolder } from '../assets/temporary.js';
import { batchOf, type TorchClient, torchClients, writeState } from '../torch-clients.js';

const folder = temporaryFolder();

const inEvaluation = (layers: readonly Layer[]): Layer[] =>
  mapLayers(layers, (layer) => (layer.kind === 'batchNorm' ? { ...layer, mode: 'eval' } : layer));

const blank = ({ layers, imageShape, classes }: Pick<TorchClient, 'layers' | 'imageShape' | 'classes'>): Model =>
  network({ name: 'net', layers: inEvaluation(layers), imageShape, classes, seed: 5 });

for (const golden of torchClients)
  test(`loadWeights: a file of PyTorch gives the network's answers: ${golden.name}`, async () => {
    await start({ compiled: 'off' });
    const model = await loadWeights(writeState(folder, golden, 'before'), blank(golden));
    const { images } = batchOf(golden);
    const found = tf.tidy(() => forward(model)(model.parameters.map(toTensor), toTensor(images)).dataSync());
    assert.equal(found.length, golden.logits.length);
    found.forEach((value, i) => {
      const expected = golden.logits[i]!;
      assert.ok(Math.abs(value - expected) < 1e-5 * (1 + Math.abs(expected)), `logit ${i}: ${value}, ${expected}`);
    });
  });

test('loadWeights: another network is refused at the first tensor that does not fit', async () => {
  const first = torchClients[0]!;
  const path = writeState(folder, first, 'before');
  const wider = first.layers.map((layer) =>
    layer.kind === 'dense' && layer.units === 12 ? { ...layer, units: 13 } : layer,
  );
  await assert.rejects(
    loadWeights(path, blank({ ...first, layers: wider })),
    /tensor 4 must be dense6\/kernel with PyTorch's shape \[13,16\], got "fc1.weight \[12,16\]"/,
  );
  await assert.rejects(
    loadWeights(path, blank({ ...first, layers: first.layers.slice(-1) })),
    /the network takes 2 tensors, got "10 in the file"/,
  );
});

test('fromTorch: files of many thousand states, or of names without end, are refused in linear time', () => {
  const layers: Layer[] = [{ kind: 'dense', units: 2, bias: true }];
  const small = network({ name: 'small', imageShape: [2, 2, 1], classes: 2, layers });
  const file = (count: number, nameOf: (k: number) => string) =>
    Array.from({ length: count }, (_, k) => ({ name: nameOf(k), shape: [1], data: new Float32Array(1) }));
  const many = file(300_000, (k) => `s${k >> 1}.w${k & 1}`);
  assert.throws(() => fromTorch('test', small, many), /takes 2 tensors, got "300000 in the file"/);
  const deep = file(4, (k) => `s${k >> 1}${'.a'.repeat(1_000_000)}.w${k & 1}`);
  assert.throws(() => fromTorch('test', small, deep), /the file may hold one state, got "those of s0\.a.*, s1\.a/);
});

test("fromTorch: a checkpoint's optimizers are left out: of Lightning, of loops of one's own, under any name", () => {
  const layers: Layer[] = [{ kind: 'dense', units: 2, bias: true }];
  const small = network({ name: 'small', imageShape: [2, 2, 1], classes: 2, layers });
  const tensor = (name: string, shape: readonly number[]) => ({ name, shape, data: new Float32Array(8).fill(1) });
  const state = [
    tensor('net.state.0.weight', [2, 4]),
    { ...tensor('net.state.0.bias', [2]), data: Float32Array.of(3, 4) },
  ];
  for (const name of ['optimizer_states.0.state.0.exp_avg', 'opt.state.1.momentum_buffer', 'scheduler_state.lrs'])
    assert.deepEqual(
      fromTorch('test', small, [...state, tensor(name, [8])]).parameters[1]!.data,
      Float32Array.of(3, 4),
      name,
    );
});

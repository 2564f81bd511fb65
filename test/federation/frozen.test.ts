import assert from 'node:assert/strict';
import test from 'node:test';
import { invertingGradients } from '../../src/attacks/index.js';
import { checkClient } from '../../src/audit/index.js';
import { oneHot } from '../../src/core/arrays.js';
import { isSent } from '../../src/core/evidence.js';
import type { ClientSettings, NamedArray } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { compile, type Tensor } from '../../src/engine/index.js';
import {
  applyUpdate,
  averageUpdates,
  clientUpdate,
  direction,
  localSteps,
  observe,
  updateFrom,
} from '../../src/federation/index.js';
import { lenet } from '../../src/models/index.js';
import { uniformQuantizer } from '../../src/obfuscation/index.js';
import { score } from '../../src/studies/index.js';
import { forEachEngine } from '../engines.js';

const data = await openDataset('scenes', { size: 16 });
const batch = data.batch({ split: 'test', size: 2, seed: 3 });
const model = lenet({ imageShape: [16, 16, 3], classes: data.classNames.length, seed: 1 });
const [head] = model.parameters.map(({ name }) => name.split('/')[0]!).slice(-1);
const count = (tensors: readonly NamedArray[]): number =>
  tensors.reduce((sum, { data: { length } }) => sum + length, 0);
const isZero = ({ data: values }: NamedArray): boolean => values.every((value) => value === 0);

forEachEngine((engine, setup) => {
  test(`${engine}: a head alone is trained: zeros elsewhere, unknown, and only the head is paid for`, async () => {
    await setup();
    const client = { frozen: { allBut: [head!] }, localSteps: 3, learningRate: 0.05 };
    const update = await clientUpdate(model, batch, client);
    const own = update.tensors.filter(({ name }) => name.startsWith(`${head}/`));
    assert.deepEqual(
      update.tensors.map(isZero),
      update.tensors.map((tensor) => !own.includes(tensor)),
    );
    const seen = observe(model, update, { labels: batch.labels });
    assert.deepEqual(
      seen.obfuscation.evidence.map(isSent),
      update.tensors.map((tensor) => own.includes(tensor)),
    );
    const share = count(own) / count(update.tensors);
    assert.ok(Math.abs(seen.obfuscation.bitsPerEntry - 32 * share) < 1e-9);
    const coded = observe(model, update, { labels: batch.labels, obfuscation: uniformQuantizer({ bits: 4 }) });
    assert.ok(coded.obfuscation.bitsPerEntry > 4 * share && coded.obfuscation.bitsPerEntry < 4 * share + 0.1);
    assert.deepEqual(coded.obfuscation.evidence.map(isSent), seen.obfuscation.evidence.map(isSent));
    const found = await invertingGradients(seen, { iterations: 4, seed: 1 });
    assert.ok((await score(batch, found)).psnr.every(Number.isFinite));
  });

  test(`${engine}: DP-SGD of a head alone: its gradients alone are clipped and noised`, async () => {
    await setup();
    const frozen = { allBut: [head!] };
    const lengthOf = (tensors: readonly NamedArray[]): number =>
      Math.sqrt(tensors.reduce((sum, { data: values }) => values.reduce((all, v) => all + v * v, sum), 0));
    const single = data.batch({ split: 'test', size: 1, seed: 3 });
    const plain = await clientUpdate(model, single, { frozen });
    const whole = lengthOf(plain.tensors);
    const clip = whole / 3;
    const clipped = await clientUpdate(model, single, { frozen, privacy: { clip } });
    clipped.tensors.forEach(({ name, data: values }, k) => {
      values.forEach((value, i) => {
        const wanted = plain.tensors[k]!.data[i]! / 3;
        assert.ok(Math.abs(value - wanted) <= 1e-5 * clip, `${name} ${i}: ${value}, not ${wanted}`);
      });
    });
    const sigmas = model.parameters.map((_, k) => (k === model.parameters.length - 1 ? 0.5 : 0.1));
    for (const noise of [{ multiplier: 0.2 }, { sigma: sigmas }]) {
      const noisy = await clientUpdate(model, single, { frozen, privacy: { clip, noise } });
      assert.deepEqual(noisy.tensors.map(isZero), plain.tensors.map(isZero));
      assert.ok(noisy.tensors.some((tensor, k) => !isZero(tensor) && tensor.data[0] !== clipped.tensors[k]!.data[0]));
      const { evidence, bitsPerEntry } = observe(model, noisy).obfuscation;
      assert.deepEqual(
        evidence.map(isSent),
        noisy.tensors.map((tensor) => !isZero(tensor)),
      );
      const wanted = 'sigma' in noise ? 0.5 : 0.2 * clip;
      assert.ok(Math.abs(evidence.at(-1)!.noise / wanted - 1) < 1e-6, `noise ${evidence.at(-1)!.noise}`);
      assert.ok(bitsPerEntry < 32);
    }
  });

  test(`${engine}: frozen layers take no weight decay, in the direction of many steps neither`, async () => {
    await setup();
    const client: ClientSettings = {
      ...{ batchSize: 2, localSteps: 1, learningRate: 0.1, miniBatch: 2 },
      ...{ optimizer: { kind: 'sgd', weightDecay: 0.1 }, frozen: ['conv0', head!] },
    };
    const { optimizer, learningRate, frozen } = client;
    const { tensors } = await clientUpdate(model, batch, { optimizer: optimizer!, learningRate, frozen: frozen! });
    const targets = oneHot('test', batch.labels, model.classes);
    for (const simulate of [direction(model, client), localSteps(model, client)]) {
      const step = await compile(
        (x: Tensor, y: Tensor, ...w: Tensor[]) => simulate(w, x, y).delta,
        [batch.images, targets, ...model.parameters],
      );
      const delta = await step.run(batch.images, targets, ...model.parameters);
      step.dispose();
      delta.forEach((got, k) => {
        const wanted = tensors[k]!.data;
        assert.ok(got.data.every((value, i) => Math.abs(value - wanted[i]!) < 1e-5));
        assert.equal(isZero(got as NamedArray), ['conv0', head].includes(tensors[k]!.name.split('/')[0]!));
      });
    }
  });
});

test('updateFrom and checkClient know what is frozen, and say what is not', async () => {
  const client = { frozen: ['conv0'], localSteps: 2, learningRate: 0.05 };
  const update = await clientUpdate(model, batch, client);
  const after = applyUpdate(model, update.tensors, 0.05);
  const real = { ...client, batchSize: 2 };
  assert.deepEqual(updateFrom(model, after, real).client.frozen, ['conv0']);
  assert.throws(
    () => updateFrom(model, after, { ...real, frozen: [head!] }),
    /updateFrom: what is frozen has the same weights after as before, got "dense\d+\/kernel moved"/,
  );
  assert.ok((await checkClient(model, { after, batch, settings: client })).agrees);
  const { frozen: _, ...all } = client;
  const found = await checkClient(model, { after, batch, settings: all });
  assert.match(found.sentence, /agrees with frozen conv0\/kernel, conv0\/bias$/);
  const whole = applyUpdate(model, (await clientUpdate(model, batch, all)).tensors, 0.05);
  const trained = await checkClient(model, { after: whole, batch, settings: client });
  assert.match(trained.sentence, /agrees with every layer trained$/);
});

test('averageUpdates keeps what all clients have frozen', async () => {
  const own = (seed: number) => data.batch({ split: 'test', size: 1, seed });
  const each = (steps: number, frozen?: string[]) =>
    Promise.all([5, 6].map((seed) => clientUpdate(model, own(seed), { localSteps: steps, ...(frozen && { frozen }) })));
  assert.deepEqual(averageUpdates(await each(1, ['conv0'])).client.frozen, ['conv0']);
  const steps = averageUpdates(await each(2, ['conv0'])).client;
  assert.deepEqual(
    steps.clients?.map(({ settings }) => settings.frozen),
    [['conv0'], ['conv0']],
  );
  const [plain] = await each(1);
  const [partly] = await each(1, ['conv0']);
  const mixed = averageUpdates([plain!, partly!]).client;
  assert.equal(mixed.frozen, undefined);
  assert.equal(mixed.clients?.length, 2);
});

test('frozen: layers that are none, nothing left to train', async () => {
  const refused = (frozen: never, says: RegExp) => assert.rejects(clientUpdate(model, batch, { frozen }), says);
  await refused(['conv9'] as never, /no layer of the model has the name in frozen, got "?conv9"?; layers: conv0, /);
  await refused([] as never, /frozen must be a list of layers/);
  await refused('conv0' as never, /frozen must be a list of layers/);
  await refused({ allbut: ['conv0'] } as never, /allBut/);
  const all = [...new Set(model.parameters.map(({ name }) => name.split('/')[0]!))];
  await refused(all as never, /frozen leaves nothing to train/);
});

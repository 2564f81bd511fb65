/** Files of clients that send a part of the network: a head, all but the norms, gradients with None. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTensors, saveSafetensors } from '../../src/assets/index.js';
import { type AuditConfig, audit, auditPage, checkClient, verdictOf } from '../../src/audit/index.js';
import { isSent } from '../../src/core/evidence.js';
import {
  applyUpdate,
  averageUpdates,
  type ClientOptions,
  clientUpdate,
  observe,
  observeSum,
  updateFrom,
  updateFromGradients,
} from '../../src/federation/index.js';
import { loadGradients, loadNetwork, loadSent, loadWeights, network, saveWeights } from '../../src/models/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import {
  batchOf,
  type TorchClient,
  torchClients,
  torchGradients,
  writeGradients,
  writeNetwork,
  writeState,
  writeTable,
} from '../torch-clients.js';
import { resultFits } from './small-audit.js';

const folder = temporaryFolder();
const named = (name: string): TorchClient => torchClients.find((one) => one.name === name)!;

async function roundOf(golden: TorchClient) {
  const { layers, imageShape, classes } = golden;
  const path = writeState(folder, golden, 'before');
  const before = await loadWeights(path, network({ name: 'net', layers, imageShape, classes, seed: 5 }));
  return { before, batch: batchOf(golden), settings: golden.client, after: writeState(folder, golden, 'after') };
}

/** The tensors of a file whose names fit, in a file of their own; other names on demand. */
async function part(path: string, keep: RegExp, rename = (name: string): string => name): Promise<string> {
  const { tensors } = await loadTensors(path);
  const kept = tensors.filter(({ name }) => keep.test(name)).map((one) => ({ ...one, name: rename(one.name) }));
  const out = join(folder, `part-${Math.abs(keep.source.length)}-${kept.length}-${rename('x').length}`);
  await saveSafetensors(
    out,
    kept.sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
  return out;
}

const last = (name: string): string => name.replace(/^.*module\./, '');
const NO_NORMS = /^(?!.*(bn|downsample\.1)).*$/;

for (const rename of [undefined, last, (name: string) => `update.${last(name)}`])
  test(`FedBN: all but the norms after the round, called as ${rename?.('module.fc') ?? 'before'}`, async () => {
    const { before, batch, settings, after: path } = await roundOf(named('residual, batch statistics'));
    const after = await loadSent(await part(path, NO_NORMS, rename), before);
    const norms = before.parameters.map(({ name }) => name).filter((name) => /batchNorm/.test(name));
    assert.deepEqual(after.unsent, norms);
    assert.equal(after.buffers, undefined);
    const found = await checkClient(before, { after, batch, settings });
    assert.ok(found.agrees, found.sentence);
    assert.match(found.sentence, /in every tensor that it sent$/);
    assert.equal(found.tensors.length + norms.length, before.parameters.length);
    const update = updateFrom(before, after, { ...settings, batchSize: 3 });
    const { obfuscation, tensors } = observe(before, update, { labels: batch.labels });
    assert.deepEqual(
      obfuscation.evidence.map(isSent),
      before.parameters.map(({ name }) => !norms.includes(name)),
    );
    const whole = await loadSent(path, before);
    assert.deepEqual(whole.unsent, []);
    const all = updateFrom(before, whole, { ...settings, batchSize: 3 }).tensors;
    tensors.forEach(({ name, data }, k) => {
      assert.deepEqual(data, norms.includes(name) ? new Float32Array(data.length) : all[k]!.data);
    });
    const wrong = await checkClient(before, { after, batch, settings: { ...settings, learningRate: 0.05 } });
    assert.match(wrong.sentence, /agrees with learning rate 0\.1$/);
  });

test('a head alone: frozen by the settings or not sent; what is frozen is found where it matters', async () => {
  const { before, batch } = await roundOf(named('tutorial'));
  const settings: ClientOptions = { learningRate: 0.1, localSteps: 3, frozen: { allBut: ['dense10'] } };
  const moved = applyUpdate(before, (await clientUpdate(before, batch, settings)).tensors, 0.1);
  const path = join(folder, 'head-own');
  await saveWeights(path, { ...moved, parameters: moved.parameters.slice(-2) });
  const after = await loadSent(path, before);
  assert.equal(after.unsent.length, 8);
  const { frozen: _, ...trained } = settings;
  assert.ok((await checkClient(before, { after, batch, settings })).agrees);
  const { agrees, sentence } = await checkClient(before, { after, batch, settings: trained });
  assert.ok(!agrees);
  assert.match(sentence, /agrees with frozen conv0\/kernel, /);
  const update = updateFrom(before, after, { ...settings, batchSize: 3 });
  assert.equal(observe(before, update).obfuscation.evidence.filter(isSent).length, 2);
});

test('a part without names is told by what is frozen, and never guessed', async () => {
  const { before, after: path } = await roundOf(named('tutorial'));
  const whole = await loadSent(path, before);
  const head = await part(path, /^fc3/, (name) => (name.endsWith('weight') ? 'arr_0' : 'arr_1'));
  await assert.rejects(loadSent(head, before), /takes 10 tensors, got "2 in the file"; .*loadSent\(\).*what is frozen/);
  const frozen = { allBut: ['dense10'] };
  const after = await loadSent(head, before, { frozen });
  assert.deepEqual(after.parameters.at(-1)!.data, whole.parameters.at(-1)!.data);
  assert.deepEqual(after.parameters[0]!.data, before.parameters[0]!.data);
  assert.equal(after.unsent.length, 8);
  await assert.rejects(loadSent(head, before, { frozen: ['dense10'] }), /takes 8 tensors, got "2 in the file"/);
  await assert.rejects(
    loadSent(head, before, { frozen: { allBut: ['dense8'] } }),
    /must begin with a tensor of shape \[8,12\]/,
  );
  await assert.rejects(loadSent(head, before, { frozen: ['dense11'] }), /no layer of the model has the name in frozen/);
  await assert.rejects(loadWeights(head, before), /takes 10 tensors, got "2 in the file"; .*loadSent\(\)/);
  const other = await part(path, /^fc3/, (name) => `other.${name.slice(4)}`);
  await assert.rejects(loadSent(other, before), /takes 10 tensors, got "2 in the file"/);
});

test('a part without names of an ONNX network: the names of its file, of the layers that are trained', async () => {
  const golden = named('tutorial, safetensors');
  const before = await loadNetwork(writeNetwork(folder, golden));
  const path = writeState(folder, golden, 'after');
  const whole = await loadSent(path, before);
  const places = ['conv2.weight', 'conv2.bias', 'fc3.weight', 'fc3.bias'];
  const some = await part(path, /^(conv2|fc3)/, (name) => `arr_${places.indexOf(name)}`);
  const layerOf = (at: number): string => before.parameters.at(at)!.name.split('/')[0]!;
  const trained = [layerOf(2), layerOf(-1)];
  const after = await loadSent(some, before, { frozen: { allBut: trained } });
  after.parameters.forEach(({ name, data }, k) => {
    const wanted = trained.includes(name.split('/')[0]!) ? whole : before;
    assert.deepEqual(data, wanted.parameters[k]!.data, name);
  });
  assert.equal(after.unsent.length, before.parameters.length - places.length);
});

for (const one of torchGradients.filter(({ frozen }) => frozen))
  test(`gradients with None, ${one.form}: ${one.client} without ${one.frozen}`, async () => {
    const { golden, path } = writeGradients(folder, one);
    const { before, batch } = await roundOf(golden);
    const still = one.frozen!.map(
      (name) => ({ conv1: 'conv0', fc2: 'dense8', layer1: 'residual3', bn1: 'batchNorm1' })[name]!,
    );
    const isStill = (name: string): boolean => still.includes(name.split('/')[0]!);
    if (one.form === 'tuple')
      await assert.rejects(loadGradients(path, before), /takes 10 tensors, got "8 in the file"; .*what is frozen/);
    const settings = { frozen: still };
    for (const options of one.form === 'tuple' ? [settings] : [settings, {}]) {
      const gradients = await loadGradients(path, before, options);
      assert.deepEqual(gradients.unsent, before.parameters.map(({ name }) => name).filter(isStill));
      const found = await checkClient(before, { gradients, batch, settings: options });
      assert.ok(found.agrees, found.sentence);
      const update = updateFromGradients(before, gradients, { ...options, batchSize: 3 });
      observe(before, update).obfuscation.evidence.forEach((evidence, k) => {
        assert.equal(isSent(evidence), !isStill(before.parameters[k]!.name));
      });
    }
  });

test('what was not sent stays so in means and sums, and names of other networks are refused', async () => {
  const { before, after: path } = await roundOf(named('tutorial'));
  const head = updateFrom(before, await loadSent(await part(path, /^fc/), before), { learningRate: 0.1, batchSize: 3 });
  const all = updateFrom(before, await loadSent(path, before), { learningRate: 0.1, batchSize: 3 });
  const unsent = ['conv0/kernel', 'conv0/bias', 'conv3/kernel', 'conv3/bias'];
  assert.deepEqual(head.unsent, unsent);
  assert.equal(all.unsent, undefined);
  assert.deepEqual(averageUpdates([head, head]).unsent, unsent);
  assert.throws(() => averageUpdates([head, all]), /every client must keep back the same parameters/);
  for (const other of [head, all])
    assert.equal(observeSum(before, [head, other]).obfuscation.evidence[0]!.tolerance, Number.POSITIVE_INFINITY);
  assert.throws(() => observe(before, { ...head, unsent: ['conv9/kernel'] }), /no parameter .* name in unsent/);
  const names = before.parameters.map(({ name }) => name);
  assert.throws(() => observe(before, { ...head, unsent: names }), /unsent leaves nothing/);
});

test('audit: the file after the round without norms: a line says so, and the result', async () => {
  const golden = named('mobile, safetensors');
  const { after } = await roundOf(golden);
  const config: AuditConfig = {
    network: writeNetwork(folder, golden),
    weights: writeState(folder, golden, 'before'),
    after: await part(after, /^(?!features\.\d\.[147]\.)/),
    data: `csv:${writeTable(folder, golden)}`,
    client: golden.client,
    batch: 3,
    phi: ['none', 'quantize:4'],
    labels: ['known'],
    iterations: 2,
    remedies: false,
    bounds: false,
    threshold: { metric: 'psnr', value: 60 },
  };
  const found = await audit(config, { workers: 1 });
  assert.ok(found.check?.agrees, found.check?.sentence);
  assert.ok(verdictOf(found).passed);
  const { json } = resultFits(found);
  assert.ok(json.subject.unsent.length > 0 && json.subject.unsent.every((name: string) => /batchNorm/.test(name)));
  assert.ok(found.rows.every(({ bitsPerEntry }) => bitsPerEntry < 32));
  const page = auditPage(found, { version: '0', engine: 'none' });
  assert.match(page, /file has no batchNorm1\/gain, .*: taken as trained and not sent/);
  const norms = json.subject.unsent.map((name: string) => name.slice(0, name.lastIndexOf('/')));
  const stated = { ...config, after: config.after!, client: { ...golden.client, frozen: [...new Set<string>(norms)] } };
  const frozen = await audit(stated, { workers: 1 });
  assert.ok(frozen.check?.agrees, frozen.check?.sentence);
  assert.equal(frozen.subject.unsent, undefined);
  assert.doesNotMatch(auditPage(frozen, { version: '0', engine: 'none' }), /taken as trained/);
});

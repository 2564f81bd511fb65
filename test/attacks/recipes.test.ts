import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import {
  analytic,
  dlg,
  gradInversion,
  idlg,
  invertingGradients,
  invertingGradientsSteps,
  type RunOptions,
  rog,
} from '../../src/attacks/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Layer, Observation, Progress } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { ATTACKS, type AttackName, attackBy, NEEDS } from '../../src/registry/index.js';

const layers: Layer[] = [
  { kind: 'conv', filters: 8, size: 3 },
  { kind: 'averagePool', size: 2 },
  { kind: 'sigmoid' },
  { kind: 'dense', units: 10 },
];
const model = network({ name: 'small', imageShape: [16, 16, 3], layers, seed: 5 });

async function seen(size = 1, phi = 'none', labels: 'known' | 'infer' = 'known', localSteps = 1) {
  const data = await openDataset('scenes', { size: 16 });
  const batch = data.batch({ size, seed: 3, labels: 'distinct' });
  const update = await clientUpdate(model, batch, { localSteps });
  const obfuscation = parseObfuscation(phi);
  return {
    batch,
    observation: observe(model, update, { obfuscation, labels: labels === 'known' ? batch.labels : 'infer' }),
  };
}

const psnr = (a: Float32Array, b: Float32Array): number =>
  -10 * Math.log10(a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0) / a.length);

test('dlg: the sigmoid LeNet of its authors: label and CIFAR-sized picture above 30 dB, from noise alone', async () => {
  const conv = (stride: number): Layer => ({ kind: 'conv', filters: 12, size: 5, stride });
  const sigmoid: Layer = { kind: 'sigmoid' };
  const lenet = network({
    name: 'sigmoid LeNet',
    seed: 1,
    layers: [conv(2), sigmoid, conv(2), sigmoid, conv(1), sigmoid, { kind: 'dense', units: 10, bias: true }],
  });
  const batch = (await openDataset('scenes', { size: 32 })).batch({ size: 1, seed: 3 });
  const result = await dlg(observe(lenet, await clientUpdate(lenet, batch)), { iterations: 500 });
  assert.deepEqual([...result.labels], [...batch.labels]);
  assert.match(result.labelSource.method, /searched together/);
  assert.ok(psnr(result.images.data, batch.images.data) > 30, `${psnr(result.images.data, batch.images.data)} dB`);
});

test('idlg: L-BFGS needs fewer evaluations than Adam for the same picture', async () => {
  const { observation } = await seen();
  const newton = await idlg(observation, { iterations: 150 });
  const adam = await idlg(observation, { iterations: 150, optimizer: 'adam', rate: 0.1 });
  assert.ok(newton.objective < 0.1 * adam.objective, `${newton.objective} and ${adam.objective}`);
});

test('invertingGradients: one picture above 20 dB; its step falls by ten at 3/8, 5/8 and 7/8', async () => {
  const { batch, observation } = await seen();
  const result = await invertingGradients(observation, { iterations: 400 });
  assert.ok(psnr(result.images.data, batch.images.data) > 20, `${psnr(result.images.data, batch.images.data)} dB`);
  const moves: number[] = [];
  let before: Float32Array | undefined;
  for await (const { images } of invertingGradientsSteps(observation, { iterations: 80 })) {
    const now = images().data;
    if (before) moves.push(Math.max(...now.map((x, i) => Math.abs(x - before![i]!))));
    before = now;
  }
  const largest = (from: number, to: number): number => Math.max(...moves.slice(from, to));
  for (const [from, to, rate] of [
    [0, 28, 0.025],
    [31, 48, 0.0025],
    [51, 68, 0.00025],
  ] as const)
    assert.ok(largest(from, to) < 1.6 * rate && largest(from, to) > 0.3 * rate, `${from}: ${largest(from, to)}`);
});

test('gradInversion: a group of one without consistency is one search; more members cost a closure each', async () => {
  const { observation } = await seen(2);
  const run = (seeds: number, consistency: number) =>
    gradInversion(observation, { iterations: 40, seeds, consistency, weight: 0 });
  const alone = await run(1, 0);
  assert.equal(alone.closures, 40 + 1, 'the last one chooses');
  assert.deepEqual(alone.images.shape, [2, 16, 16, 3]);
  const loose = await run(3, 0);
  assert.equal(loose.closures, 3 * 40 + 3);
  assert.ok(loose.objective <= alone.objective, 'the best member is no worse than the first');
});

test('gradInversion: the more consistency weighs, the nearer the first member ends to the one picked', async () => {
  const { observation } = await seen(2);
  const apart = async (consistency: number): Promise<number> => {
    let sum = 0;
    for (const seed of [1, 2, 3]) {
      let first: Float32Array | undefined;
      const onProgress = ({ images }: Progress) => {
        first = images().data;
      };
      const options = { iterations: 40, seeds: 3, consistency, weight: 0, seed, onProgress };
      const { data } = (await gradInversion(observation, options)).images;
      sum += data.reduce((part, x, i) => part + (x - first![i]!) ** 2, 0) / data.length;
    }
    return sum;
  };
  const [loose, held, tight] = [await apart(0), await apart(3e3), await apart(1e5)];
  assert.ok(held < 0.5 * loose && tight < 0.1 * loose, `${loose} ${held} ${tight}`);
});

test('gradInversion: refuses its batch-norm term where there is no batch norm', async () => {
  const { observation } = await seen();
  assert.throws(
    () => gradInversion(observation, { batchNorm: 0.1 }),
    new RegExp(
      'gradInversion: needs the statistics of batch-norm layers, got "small, which has none"; ' +
        'leave the batch-norm term out',
    ),
  );
});

test('restarts: each is another start, the best by the objective is kept, progress counts them all', async () => {
  const { observation } = await seen();
  const one = await invertingGradients(observation, { iterations: 10 });
  const totals = new Set<number>();
  const three = await invertingGradients(observation, {
    iterations: 10,
    restarts: 3,
    onProgress: ({ total }) => totals.add(total),
  });
  assert.deepEqual([...totals], [30]);
  assert.equal(three.closures, 30);
  assert.ok(three.objective <= one.objective);
  assert.equal(three.objective, Math.min(...three.history.map(({ objective }) => objective)));
  assert.deepEqual(
    three.history.slice(0, 10).map((h) => h.objective),
    one.history.map((h) => h.objective),
  );
});

test('a killed DLG, and a killed second restart, resume from the checkpoint to the same bits', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-'));
  try {
    const { observation } = await seen(1, 'none', 'infer');
    for (const [name, options, at] of [
      ['dlg', { iterations: 30 }, 13],
      ['invertingGradients', { iterations: 8, restarts: 3 }, 13],
    ] as const) {
      const checkpoint = join(folder, name);
      const attack = attackBy(name);
      const whole = await attack(observation, options);
      const control = new AbortController();
      const stop: RunOptions = {
        checkpoint,
        signal: control.signal,
        onProgress: ({ closure }) => closure === at && control.abort(),
      };
      assert.equal((await attack(observation, { ...options, ...stop })).closures, at);
      const resumed = await attack(observation, { ...options, checkpoint });
      assert.deepEqual(resumed.images, whole.images, name);
      assert.deepEqual(resumed.labels, whole.labels);
      assert.equal(resumed.closures, whole.closures);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('defenseAware: the earlier attacks take what they got for the raw update, ours knows phi; or told', async () => {
  const { observation } = await seen(1, 'quantize:3');
  const objective = async (attack: AttackName, options = {}) =>
    (await attackBy(attack)(observation, { iterations: 2, ...options })).settings.objective;
  assert.equal(await objective('idlg'), 'exactL2');
  assert.equal(await objective('invertingGradients'), 'cosine');
  assert.equal(await objective('gradInversion'), 'l2');
  assert.equal(await objective('rog-paper'), 'l2');
  assert.equal(await objective('rog'), 'interval');
  for (const attack of ['idlg', 'invertingGradients', 'gradInversion', 'rog-paper'] as const)
    assert.equal(await objective(attack, { defenseAware: true }), 'interval', attack);
  assert.equal(await objective('rog', { defenseAware: false }), 'cosine');
});

test('needs: every attack is refused where the observation does not offer what it needs, by name', async () => {
  const { observation } = await seen(2);
  const headless = { ...observation, model: { ...model, layers: layers.slice(0, 3) }, labels: undefined };
  const unknown = { ...observation, obfuscation: { ...observation.obfuscation, name: 'unknown' } };
  const cases: [AttackName, Observation, RegExp][] = [
    ['idlg', observation, /idlg: needs a batch of at most 1 image, got 2/],
    ['analytic', observation, /analytic: the first layer must be dense with bias, got "a conv layer"/],
    ['invertingGradients', headless, /needs the labels, or a last dense layer.*give the labels to observe\(\)/],
    ['gradInversion', headless, /needs the labels/],
    ['rog', headless, /rog: needs the labels/],
    ['rog', unknown, /rog: needs to know phi, got.*set defenseAware: false/],
    ['closedForm', observation, /closedForm: .*dense/],
  ];
  for (const [attack, given, message] of cases)
    await assert.rejects(async () => attackBy(attack)(given, {}), message, attack);
  assert.deepEqual(Object.keys(NEEDS), Object.keys(ATTACKS));
  assert.throws(() => attackBy('invertingGradient' as AttackName), /did you mean invertingGradients\?/);
});

test('an observation whose phi is unknown is taken as it came by an attack that is not defense-aware', async () => {
  const { batch } = await seen();
  const update = await clientUpdate(model, batch);
  const unknown = observe(model, update, { obfuscation: parseObfuscation('topk:0.5'), phiKnown: false });
  assert.equal(unknown.obfuscation.name, 'unknown');
  const result = await rog(unknown, { iterations: 3, defenseAware: false });
  assert.equal(result.settings.objective, 'cosine');
});

test('analytic: one image of a biased dense first layer, exact to 1e-4', async () => {
  const dense = network({
    name: 'dense',
    imageShape: [32, 32, 3],
    seed: 2,
    layers: [{ kind: 'dense', units: 64, bias: true }, { kind: 'relu' }, { kind: 'dense', units: 10, bias: true }],
  });
  const images = ndarray([1, 32, 32, 3], uniformStream(8));
  const update = await clientUpdate(dense, { images, labels: Int32Array.of(4) });
  const result = await analytic(observe(dense, update));
  assert.ok(Math.max(...result.images.data.map((x, i) => Math.abs(x - images.data[i]!))) < 1e-4);
  assert.deepEqual([...result.labels], [4]);
});

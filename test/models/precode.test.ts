import assert from 'node:assert/strict';
import test from 'node:test';
import { rog, throughBottleneck } from '../../src/attacks/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { deriveSeed, normalStream, uniformStream } from '../../src/core/random.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet, network, precode } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { score } from '../../src/studies/index.js';
import { forEachEngine } from '../engines.js';

const small = precode(
  network({
    name: 'small',
    imageShape: [1, 3, 1],
    classes: 3,
    seed: 4,
    layers: [{ kind: 'dense', units: 2 }, { kind: 'sigmoid' }, { kind: 'dense', units: 3, bias: true }],
  }),
  { units: 2, beta: 0.3, seed: 9 },
);
const pictures = [
  [0.2, 0.9, 0.4],
  [0.7, 0.1, 0.5],
];
const labels = [2, 0];
const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
/** x W + b of rows W[i][o], row-major. */
const affine = (x: readonly number[], w: ArrayLike<number>, b?: ArrayLike<number>): number[] => {
  const outputs = w.length / x.length;
  return Array.from({ length: outputs }, (_, o) => sum(x.map((v, i) => v * w[i * outputs + o]!)) + (b?.[o] ?? 0));
};

/** The loss as the paper writes it, in float64, with drawn numbers n of each image. */
function loss(parameters: readonly ArrayLike<number>[], n: readonly number[]): number {
  const [w1, encode, e, decode, d, w2, b2] = parameters as [ArrayLike<number>, ...ArrayLike<number>[]];
  const each = pictures.map((x, k) => {
    const h = affine(x, w1).map((v) => 1 / (1 + Math.exp(-v)));
    const code = affine(h, encode!, e);
    const mean = code.slice(0, 2);
    const deviation = code.slice(2).map((r) => Math.log1p(Math.exp(r - 5)));
    const z = mean.map((m, j) => m + deviation[j]! * n[2 * k + j]!);
    const logits = affine(affine(z, decode!, d), w2!, b2);
    const entropy = Math.log(sum(logits.map(Math.exp))) - logits[labels[k]!]!;
    const kl = -0.5 * sum(mean.map((m, j) => 1 + 2 * Math.log(deviation[j]!) - m * m - deviation[j]! ** 2));
    return entropy + 0.3 * kl;
  });
  return sum(each) / 2;
}

forEachEngine((engine, setup) => {
  test(`${engine}: the gradient with a bottleneck is that of the paper's loss, by finite differences`, async () => {
    await setup();
    const batch = {
      images: ndarray([2, 1, 3, 1], Float32Array.from(pictures.flat())),
      labels: Int32Array.from(labels),
    };
    const drawn = Float32Array.from({ length: 4 }, normalStream(deriveSeed(7, 'dropout', 0, 0)));
    const update = await clientUpdate(small, batch, { seed: 7 });
    const weights = small.parameters.map(({ data }) => Float64Array.from(data));
    assert.ok(Math.abs(update.loss - loss(weights, [...drawn])) < 1e-5);
    for (const [k, { data }] of update.tensors.entries())
      data.forEach((got, i) => {
        const at = (by: number): number => {
          const moved = weights.map((w, j) => (j === k ? w.map((v, e) => (e === i ? v + by : v)) : w));
          return loss(moved, [...drawn]);
        };
        const wanted = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert.ok(Math.abs(got - wanted) < 1e-4 * (1 + Math.abs(wanted)), `${small.parameters[k]!.name} ${i}`);
      });
    const other = await clientUpdate(small, batch, { seed: 8 });
    assert.notDeepEqual(other.tensors[3]!.data, update.tensors[3]!.data);
  });
});

test('precode keeps all other weights, draws anew in every local step, refuses what has no dense head', async () => {
  const plain = lenet({ imageShape: [16, 16, 3], classes: 4 });
  const model = precode(plain, { units: 8 });
  const stays = model.parameters.filter(({ name }) => !name.startsWith('bottleneck'));
  assert.deepEqual(
    stays.map(({ data }) => data),
    plain.parameters.map(({ data }) => data),
  );
  assert.throws(() => precode({ ...plain, layers: [{ kind: 'relu' }] }), /precode: needs a dense layer at the end/);
  assert.throws(() => precode(plain, { units: 0 }), /units must be/);
  const images = ndarray([1, 16, 16, 3], uniformStream(3));
  const batch = { images, labels: Int32Array.of(1) };
  const one = await clientUpdate(model, batch, { learningRate: 1e-9 });
  const twelve = await clientUpdate(model, batch, { learningRate: 1e-9, localSteps: 12 });
  const decode = model.parameters.findIndex(({ name }) => name.endsWith('decode/kernel'));
  const apart = twelve.tensors[decode]!.data.some((v, i) => Math.abs(v / 12 - one.tensors[decode]!.data[i]!) > 1e-5);
  assert.ok(apart);
  assert.throws(() => throughBottleneck(plain), /throughBottleneck: needs a network with a bottleneck/);
  const without = `without:${model.parameters[decode]!.name.split('/')[0]}`;
  const seen = observe(model, one, { obfuscation: parseObfuscation(without), labels: [1] });
  assert.ok((await rog(seen, { iterations: 4 })).images.data.every(Number.isFinite));
});

test('adaptive attacks see one image behind noise that leads matching astray', async () => {
  const photo = (await openDataset('photos', { size: 16 })).batch({ split: 'test', size: 1, seed: 7 });
  const made = precode(lenet({ imageShape: [16, 16, 3], classes: photo.classNames.length }), { units: 16 });
  // deviations near 1: softplus(5.5 - 5)
  const raised = made.parameters.map((p) =>
    p.name.endsWith('encode/bias') ? { ...p, data: p.data.map((v, i) => (i < 16 ? v : 5.5)) } : p,
  );
  const model = { ...made, parameters: raised };
  const seen = observe(model, await clientUpdate(model, photo), { labels: photo.labels });
  const psnr = async (options: object): Promise<number> => (await score(photo, await rog(seen, options))).psnr[0]!;
  const gray = (await score(photo, { images: ndarray([1, 16, 16, 3], 0.5) })).psnr[0]!;
  const naive = await psnr({ iterations: 30 });
  const names = [...new Set(model.parameters.map(({ name }) => name.split('/')[0]!))].slice(-2);
  const quiet = parseObfuscation(names.map((name) => `without:${name}`).join('+'));
  const part = observe(model, await clientUpdate(model, photo), { labels: photo.labels, obfuscation: quiet });
  const left = (await score(photo, await rog(part, { iterations: 60 }))).psnr[0]!;
  const adaptive = await psnr({ iterations: 40, objective: throughBottleneck(model) });
  assert.ok(naive < gray + 3 && adaptive > gray + 7, `gray ${gray}, matching ${naive}, adaptive ${adaptive}`);
  assert.ok(left > gray + 7, `without ${names.join(', ')}: ${left}`);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { closedForm, inferLabels, rog } from '../../src/attacks/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { start } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet, network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { soteria } from '../../src/studies/index.js';
import { forEachEngine } from '../engines.js';

const model = lenet({ imageShape: [16, 16, 3], classes: 4 });
const next = uniformStream(5);
const [a, b, c] = [next(), next(), next()];
const images = ndarray(
  [1, 16, 16, 3],
  Float32Array.from({ length: 768 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % 16, Math.floor(i / 48)];
    return 0.5 + 0.4 * Math.sin(a * x + b * y + 3 * c * (i % 3));
  }),
);
const batch = { images, labels: Int32Array.of(2), classNames: ['a', 'b', 'c', 'd'], source: 'made up' };
const { labels } = batch;
const psnr = (found: Float32Array): number =>
  -10 * Math.log10(found.reduce((sum, v, i) => sum + (v - images.data[i]!) ** 2, 0) / found.length);
const gray = psnr(images.data.map(() => 0.5));

/** By how many dB a short attack must beat an even gray. */
const BETTER: Record<string, number> = { nf4: 6, kmeans: 4, 'mask:0.2': 4, powersgd: 5, 'without:dense8': 5 };

forEachEngine((engine, setup) => {
  test(`${engine}: rog() rebuilds from what deployments send, by what each leaves known`, async () => {
    await setup();
    const update = await clientUpdate(model, batch);
    for (const [phi, better] of Object.entries(engine === 'compiled' ? BETTER : { powersgd: -20, 'mask:0.2': -20 })) {
      const observed = observe(model, update, { obfuscation: parseObfuscation(phi), labels });
      const found = await rog(observed, { iterations: engine === 'compiled' ? 60 : 3 });
      const value = psnr(found.images.data);
      assert.ok(value > gray + better, `${phi}: ${value.toFixed(1)} dB, gray ${gray.toFixed(1)}`);
    }
  });
});

test('what was not sent tells nothing: no labels of an absent head, no closed form, no pull on pictures', async () => {
  await start({ backend: 'wasm' });
  const update = await clientUpdate(model, batch);
  const headless = observe(model, update, { obfuscation: parseObfuscation('without:dense8') });
  await assert.rejects(() => inferLabels(headless), /the last dense layer was not sent.*give the labels/s);
  const known = observe(model, update, { obfuscation: parseObfuscation('without:dense8'), labels });
  await assert.rejects(() => closedForm(known), /needs every dense layer of the head/);
  const { images: one } = await rog(known, { iterations: 6 });
  const poisoned = known.tensors.map((t) => (t.name === 'dense8/kernel' ? { ...t, data: t.data.map(() => 7) } : t));
  const { images: same } = await rog({ ...known, tensors: poisoned }, { iterations: 6, weight: 0 });
  const { images: plain } = await rog(known, { iterations: 6, weight: 0 });
  assert.equal(one.data.length, same.data.length);
  assert.deepEqual(
    [...same.data].map((v) => v.toFixed(3)),
    [...plain.data].map((v) => v.toFixed(3)),
  );
});

test('soteria prunes by its rule (finite differences); an attack that ignores its zeros sees through it', async () => {
  await start({ backend: 'wasm' });
  const small = network({
    name: 'small',
    imageShape: [6, 6, 3],
    classes: 3,
    layers: [{ kind: 'conv', filters: 2, size: 3, stride: 2 }, { kind: 'sigmoid' }, { kind: 'dense', units: 3 }],
  });
  const picture = ndarray([1, 6, 6, 3], uniformStream(3));
  const update = await clientUpdate(small, { images: picture, labels: Int32Array.of(1) });
  const phi = await soteria(small, { images: picture }, { pruned: 0.5 });
  const { tensors, report } = phi.apply(update.tensors, 1);
  const at = tensors.findIndex(({ name }) => name.startsWith('dense'));
  const rows = Array.from({ length: 18 }, (_, i) => [...tensors[at]!.data.slice(3 * i, 3 * i + 3)]);
  const gone = rows.flatMap((row, i) => (row.every((value) => value === 0) ? [i] : []));
  assert.equal(gone.length, 9);
  // a stride of 2 on 6 pixels: the 9 places of 2 filters; r = sigmoid(w x + b), so |dr/dx| / r = (1 - r) |w inside|
  const [kernel, bias] = small.parameters as [(typeof small.parameters)[0], (typeof small.parameters)[0]];
  const ease = Array.from({ length: 18 }, (_, i) => {
    const [place, filter] = [Math.floor(i / 2), i % 2];
    const [top, left] = [2 * Math.floor(place / 3) - 1, 2 * (place % 3) - 1];
    let [z, square] = [bias.data[filter]!, 0];
    for (let dy = 0; dy < 3; dy++)
      for (let dx = 0; dx < 3; dx++)
        for (let k = 0; k < 3; k++) {
          const [y, x] = [top + dy, left + dx];
          if (y < 0 || x < 0 || y > 5 || x > 5) continue;
          const w = kernel.data[((dy * 3 + dx) * 3 + k) * 2 + filter]!;
          z += w * picture.data[(y * 6 + x) * 3 + k]!;
          square += w * w;
        }
    return (1 - 1 / (1 + Math.exp(-z))) * Math.sqrt(square);
  });
  const wanted = [...ease.keys()].sort((i, j) => ease[i]! - ease[j]!).slice(0, 9);
  assert.deepEqual(
    gone,
    wanted.sort((i, j) => i - j),
  );
  assert.equal(report.evidence[at]!.zeroTolerance, Number.POSITIVE_INFINITY);
  assert.ok(report.evidence.every((e, t) => t === at || e.zeroTolerance === 0));
  const full = await clientUpdate(model, batch);
  const defended = observe(model, full, { obfuscation: await soteria(model, batch), labels });
  const found = await rog(defended, { iterations: 60 });
  assert.ok(psnr(found.images.data) > gray + 4, `${psnr(found.images.data)}`);
  await assert.rejects(() => soteria(model, batch, { pruned: 1 }), /pruned must be a number of at least 0 and below 1/);
});

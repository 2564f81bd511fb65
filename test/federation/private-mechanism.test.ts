import assert from 'node:assert/strict';
import test from 'node:test';
import { imageAt, ndarray } from '../../src/core/arrays.js';
import { hidesScale } from '../../src/core/evidence.js';
import { uniformStream } from '../../src/core/random.js';
import type { ClientPrivacy, Update } from '../../src/core/types.js';
import { averageUpdates, clientUpdate, multiplierOf, observe } from '../../src/federation/index.js';
import { drawBatches } from '../../src/federation/local-training.js';
import { network } from '../../src/models/index.js';

const model = network({
  name: 'small',
  imageShape: [8, 8, 3],
  classes: 4,
  seed: 4,
  layers: [
    ...([{ kind: 'conv', filters: 8, size: 3 }, { kind: 'relu' }, { kind: 'dense', units: 30 }] as const),
    ...([{ kind: 'relu' }, { kind: 'dense', units: 4 }] as const),
  ],
});
const images = ndarray([4, 8, 8, 3], uniformStream(2));
const labels = Int32Array.of(0, 1, 2, 3);
const run = (privacy: ClientPrivacy, more = {}): Promise<Update> =>
  clientUpdate(model, { images, labels }, { privacy, ...more });
const square = (data: Float32Array): number => data.reduce((sum, v) => sum + v * v, 0);

/** sum (with - without)^2 / (n variance) of each tensor, in standard deviations of its chi-square law from 1. */
function surprises(noisy: Update, bare: Update, variances: readonly number[]): number[] {
  return noisy.tensors.map(({ data }, k) => {
    const away = square(data.map((v, i) => v - bare.tensors[k]!.data[i]!));
    return Math.abs(away / (data.length * variances[k]!) - 1) * Math.sqrt(data.length / 2);
  });
}

/** The examples' gradients as they are shortened: from batches of one, without noise. */
async function shortened(privacy: ClientPrivacy): Promise<Update[]> {
  return Promise.all(
    Array.from(labels, (label, i) =>
      clientUpdate(model, { images: imageAt(images, i), labels: Int32Array.of(label) }, { privacy }),
    ),
  );
}

for (const scope of ['example', 'tensor'] as const)
  test(`noise at an SNR sums the examples' own variances; clipped by ${scope} (chi-square)`, async () => {
    const bare = { clip: 0.3, scope };
    const each = await shortened(bare);
    const plain = await run(bare);
    for (const [snr, seed] of [
      [0, 3],
      [-10, 4],
      [7, 5],
    ] as const) {
      const noisy = await run({ ...bare, noise: { snr } }, { seed });
      const variances = model.parameters.map(({ data }, k) => {
        const power = each.reduce((sum, { tensors }) => sum + square(tensors[k]!.data), 0);
        return power / data.length / 16 / 10 ** (snr / 10);
      });
      for (const z of surprises(noisy, plain, variances)) assert.ok(z < 4, `${snr} dB: ${z} standard deviations`);
    }
    const same = { ...bare, noise: { snr: 0 } };
    assert.deepEqual((await run(same, { seed: 9 })).tensors, (await run(same, { seed: 9 })).tensors);
  });

test('noise by a multiplier and constant noise have their variance (chi-square); both streams', async () => {
  const plain = await run({ clip: 0.3 });
  for (const stream of ['ziggurat', 'box-muller'] as const) {
    const multiplied = await run({ clip: 0.3, noise: { multiplier: 0.7, stream } }, { seed: 6 });
    const variance = (0.7 * 0.3) ** 2 / 16;
    for (const z of surprises(
      multiplied,
      plain,
      model.parameters.map(() => variance),
    ))
      assert.ok(z < 4, `${z}`);
    const sigma = [0.1, 0.2, 0.3, 0];
    const constant = await run({ clip: 0.3, noise: { sigma, stream } }, { seed: 7 });
    const wanted = sigma.map((s) => (4 * s * s) / 16);
    for (const z of surprises(constant, plain, wanted).slice(0, 3)) assert.ok(z < 4, `${z}`);
    assert.deepEqual(constant.tensors[3], plain.tensors[3]);
  }
  const old = await run({ clip: 0.3, noiseMultiplier: 0.7 }, { seed: 6 });
  const now = await run({ clip: 0.3, noise: { multiplier: 0.7, stream: 'box-muller' } }, { seed: 6 });
  assert.deepEqual(old.tensors, now.tensors);
});

test('exemptFirst leaves the first example of every mini-batch alone: whole, and without noise', async () => {
  const privacy = { clip: 0.1, scope: 'tensor', exemptFirst: true } as const;
  const cut = await shortened({ clip: 0.1, scope: 'tensor' });
  const [whole] = await shortened({ clip: 1e6 });
  const { tensors } = await run(privacy);
  tensors.forEach(({ data }, k) => {
    data.forEach((value, i) => {
      const wanted = (whole!.tensors[k]!.data[i]! + cut.slice(1).reduce((s, u) => s + u.tensors[k]!.data[i]!, 0)) / 4;
      assert.ok(Math.abs(value - wanted) < 1e-5 * 0.1 + 1e-6);
    });
  });
  const one = { images: imageAt(images, 0), labels: labels.slice(0, 1) };
  const alone = await clientUpdate(model, one, { privacy: { ...privacy, noise: { snr: -20 } } });
  const plain = await clientUpdate(model, one);
  alone.tensors.forEach(({ data }, k) => {
    data.forEach((v, i) => {
      assert.ok(Math.abs(v - plain.tensors[k]!.data[i]!) < 1e-5);
    });
  });
  const { evidence } = observe(model, alone).obfuscation;
  assert.ok(evidence.every(({ noise, scaleUnknown }) => noise === 0 && !scaleUnknown));
});

test('what the server is told: noise of each tensor from the update alone, and whether its scale is lost', async () => {
  const one = { images: imageAt(images, 0), labels: labels.slice(0, 1) };
  const plain = await clientUpdate(model, one);
  const lengths = plain.tensors.map(({ data }) => Math.sqrt(square(data)));
  const between = (Math.min(...lengths) + Math.max(...lengths)) / 2;
  for (const snr of [10, 0, -10]) {
    const privacy = { clip: between, scope: 'tensor', noise: { snr } } as const;
    const update = await clientUpdate(model, one, { privacy, seed: 8 });
    const { evidence } = observe(model, update).obfuscation;
    evidence.forEach(({ noise, scaleUnknown }, k) => {
      const n = plain.tensors[k]!.data.length;
      const truth = Math.min(between, lengths[k]!) / Math.sqrt(n * 10 ** (snr / 10));
      assert.ok(Math.abs(noise / truth - 1) < 6 / Math.sqrt(n), `${snr} dB, tensor ${k}: ${noise}, not ${truth}`);
      if (lengths[k]! > between) assert.ok(scaleUnknown, `tensor ${k} was shortened`);
    });
  }
  const exact = await clientUpdate(model, one, { privacy: { clip: between, scope: 'tensor' } });
  const told = observe(model, exact).obfuscation.evidence.map(({ scaleUnknown }) => scaleUnknown);
  assert.deepEqual(
    told,
    lengths.map((length) => length > between),
  );
  const wide = await clientUpdate(model, one, { privacy: { clip: 1e3 } });
  assert.ok(observe(model, wide).obfuscation.evidence.every(({ scaleUnknown }) => !scaleUnknown));
  const constant = observe(model, await run({ noise: { sigma: 0.2 } }, { localSteps: 9 })).obfuscation;
  for (const { noise, scaleUnknown } of constant.evidence)
    assert.ok(Math.abs(noise - (0.2 * Math.sqrt(9 * 4)) / 4) < 1e-9 && !scaleUnknown);
});

test('private steps take mini-batches in any order and schedule; without a bound they are plain', async () => {
  for (const more of [
    { localSteps: 5, miniBatch: 3, order: 'shuffled', schedule: 'cosine', learningRate: 0.3 },
    { epochs: 2, miniBatch: 3, schedule: 'linear', learningRate: 0.3 },
  ] as const) {
    const plain = await clientUpdate(model, { images, labels }, { ...more, seed: 5 });
    const wide = await run({ clip: 1e4 }, { ...more, seed: 5 });
    wide.tensors.forEach(({ data }, k) => {
      data.forEach((v, i) => {
        assert.ok(Math.abs(v - plain.tensors[k]!.data[i]!) < 3e-5);
      });
    });
  }
});

test('multiplierOf: clipping by tensor costs the root of their number; no epsilon without it', () => {
  assert.equal(multiplierOf({ clip: 2, noise: { multiplier: 3 } }, 9), 3);
  assert.equal(multiplierOf({ clip: 2, scope: 'tensor', noise: { multiplier: 3 } }, 9), 1);
  assert.equal(multiplierOf({ clip: 2, noiseMultiplier: 3 }, 9), 3);
  for (const privacy of [
    { clip: 2 },
    { clip: 2, noise: { snr: 0 } },
    { clip: 2, noise: { sigma: 1 } },
    { clip: 2, noise: { multiplier: 3 }, exemptFirst: true },
  ])
    assert.equal(multiplierOf(privacy, 9), 0);
  const local = { localSteps: 2, batchSize: 4, flip: true };
  const sizes = (privacy: ClientPrivacy): number[] =>
    drawBatches(40, { ...local, privacy }, 3).map(({ length }) => length);
  assert.deepEqual(sizes({ clip: 2, noise: { snr: 0 } }), [4, 4]);
  assert.notDeepEqual(sizes({ clip: 2, noise: { multiplier: 1 } }), [4, 4]);
});

test('privacy settings that say nothing are refused by name', async () => {
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ clipp: 1 }, /unknown option "clipp"; did you mean "clip"/],
    [{ clip: 0 }, /privacy.clip must be a number above 0, got 0/],
    [
      { clip: 1, scope: 'tensors' },
      /privacy.scope must be one of example, tensor, got "tensors"; did you mean "tensor"/,
    ],
    [{ clip: 1, noise: { snrr: 0 } }, /unknown option "snrr"; did you mean "snr"/],
    [{ clip: 1, noise: {} }, /privacy.noise must have exactly one of multiplier, snr, sigma, got "?none/],
    [{ clip: 1, noise: { snr: 0, sigma: 1 } }, /exactly one of multiplier, snr, sigma, got "?snr and sigma/],
    [
      { clip: 1, noise: { sigma: [1, -1, 1, 1] } },
      /privacy.noise sigma\[1\] must be a number of at least 0, got -1|sigma\[1\] must be/,
    ],
    [{ clip: 1, noise: { sigma: [1, 2] } }, /sigma needs one number, or one for each of 4 tensors, got 2/],
    [
      { clip: 1, noise: { snr: 0, stream: 'boxmuller' } },
      /stream must be one of ziggurat, box-muller.*did you mean "box-muller"/,
    ],
    [{ clip: 1, noiseMultiplier: 1, noise: { snr: 0 } }, /noise or noiseMultiplier, its old form, not both/],
    [{ noise: { multiplier: 1 } }, /noise by a multiplier is in units of privacy.clip/],
    [{}, /privacy needs a clip, a noise or both/],
    [{ clip: 1, exemptFirst: 1 }, /privacy.exemptFirst must be true or false, got 1/],
    [{ clip: 1, noise: 3 }, /privacy.noise.* must be an object/],
  ];
  for (const [privacy, message] of wrong) await assert.rejects(() => run(privacy as ClientPrivacy), message);
});

test('a mean of private clients: noises in quadrature, and a clip of one may have shortened it', async () => {
  const clients = [1, 2, 3].map((seed) => ({ seed, privacy: { noise: { sigma: 0.02 * seed } } }));
  const updates = await Promise.all(clients.map((options) => clientUpdate(model, { images, labels }, options)));
  const alone = updates.map((update) => observe(model, update).obfuscation.evidence[0]!.noise);
  const shares = [0.5, 0.25, 0.25];
  const mean = observe(model, averageUpdates(updates, shares)).obfuscation;
  const wanted = Math.hypot(...alone.map((sigma, c) => sigma * shares[c]!));
  for (const evidence of mean.evidence) assert.ok(Math.abs(evidence.noise - wanted) < 1e-9, `${evidence.noise}`);
  assert.match(mean.name, /^mean of private steps\(sigma: 0.02\) and private steps\(sigma: 0.04\)/);
  const clipped = await clientUpdate(model, { images, labels }, { privacy: { clip: 1e-3 } });
  const mixed = observe(model, averageUpdates([updates[0]!, clipped])).obfuscation;
  assert.ok(mixed.evidence.every(hidesScale));
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { grayOf, type Note, yardstick } from '../../src/attacks/choose/yardstick.js';
import { WEIGHTS } from '../../src/attacks/confidence/covariate-weights.js';
import { COVARIATES } from '../../src/attacks/confidence/expected.js';
import { judged } from '../../src/attacks/confidence/judge.js';
import { type Signs, signsOf } from '../../src/attacks/confidence/signs.js';
import { readRows } from '../../src/cli/matrix.js';
import { ndarray } from '../../src/core/arrays.js';
import { EXACT, noised, rounded, signed, UNSENT } from '../../src/core/evidence.js';
import { uniformStream } from '../../src/core/random.js';
import type { Evidence, NdArray, Observation, Progress, Reconstruction } from '../../src/core/types.js';
import { start } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { asTable, fitted, picturesOf } from '../../src/studies/calibration.js';
import { root } from '../fixtures.js';
import { near } from '../near.js';

test('the weights of the confidence are those that the kept rows give', () => {
  const found = asTable(fitted(picturesOf(readRows(join(root, 'data/results/confidence.json')))));
  for (const [name, value] of Object.entries(WEIGHTS))
    assert.ok(Math.abs(found[name]! - value) <= 1e-3 * Math.max(1, Math.abs(value)), `${name}: ${found[name]}`);
});

const SIGNS: Signs = {
  ...{ left: 0.3, coarse: 0.9, bits: 1.5, images: 8, repeated: 0.25, steps: 5, tensors: 10, solved: true },
  ...{ decided: 0.49, roughness: [1, 0.1], grain: [1, 0.7], contrast: [1, 0.2] },
};

test('covariates of a picture, by hand; what lies outside their ranges counts as their ends', () => {
  const given = (more: Partial<Signs>) =>
    Object.fromEntries(Object.entries(COVARIATES).map(([name, of]) => [name, of({ ...SIGNS, ...more }, 1)]));
  const same = (found: Record<string, number>, wanted: Record<string, number>): void => {
    for (const [name, value] of Object.entries(wanted)) near(found[name]!, value);
  };
  same(given({}), {
    ...{ one: 1, left: 0.3, logLeft: Math.log10(0.31), coarse: 0.9, detail: 0.6, bits: 1.5, explainedBits: 1.05 },
    ...{ logImages: 3, repeated: 0.25, logTensors: Math.log2(10), solved: 1, decided: 0.7, decidedExplained: 0.49 },
    ...{ decidedBits: 1.05, several: 1, logRoughness: Math.log(0.1), logRoughnessSquared: Math.log(0.1) ** 2 },
    ...{ grain: 0.7, grainSquared: 0.49, grainBits: 1.05, logContrast: Math.log(0.2) },
  });
  const most = { left: 2, coarse: 3, bits: 10, steps: 1, solved: false, decided: undefined };
  same(given({ ...most, roughness: [0, 2], contrast: [0, 0] } as Partial<Signs>), {
    ...{ left: 1.5, logLeft: Math.log10(1.51), coarse: 2, detail: 0.5, bits: 8, explainedBits: 0, solved: 0 },
    ...{ decided: 0, decidedExplained: 0, decidedBits: 0, several: 0, logRoughness: 0, logContrast: Math.log(0.005) },
  });
  same(given({ left: -1, coarse: -1, bits: -5 }), {
    ...{ left: 0, logLeft: -2, coarse: 0, detail: 0, bits: -2, explainedBits: -2, grainBits: -1.4 },
  });
  same(given({ left: 1.6, coarse: 0.2 }), { detail: -1 });
});

const dense = network({ name: 'dense', imageShape: [4, 4, 2], classes: 3, layers: [{ kind: 'dense', units: 3 }] });

/** 0.1 + 0.1 x + 0.2 y, half of it in the second channel; and a gray. */
const pictures = ndarray([2, 4, 4, 2]);
for (let i = 0; i < 16; i++) {
  const value = 0.1 + 0.1 * (i % 4) + 0.2 * Math.floor(i / 4);
  pictures.data.set([value, value / 2], 2 * i);
  pictures.data.set([0.5, 0.5], 32 + 2 * i);
}

const observationOf = (received: readonly (readonly [readonly number[], Evidence])[], localSteps = 3): Observation =>
  ({
    model: dense,
    client: { batchSize: 2, localSteps },
    tensors: received.map(([data]) => ({ name: 't', shape: [data.length], data: Float32Array.from(data) })),
    obfuscation: { evidence: received.map(([, evidence]) => evidence) },
  }) as unknown as Observation;

/** Unexplained: the first pixel. */
const byFirst = async ({ data }: NdArray) => ({ unexplained: data[0]! }) as never;
const matched = { attack: 'rog', settings: { method: 'matching' } };

test('signsOf: what pictures leave, their roughness, grain and contrast, by hand', async () => {
  await start();
  const seen = observationOf([[[1, 2], EXACT]]);
  const labels = Int32Array.of(1, 1);
  for (const gray of [{ unexplained: 0.5 }, undefined]) {
    const given = { ...matched, images: pictures, labels };
    const found = await signsOf(seen, given, byFirst, gray);
    near(found.left, 0.2, 1e-6);
    near(found.coarse, 1.1, 1e-6); // the mean of the 4x4 block, 0.55, over 0.5
    // gradient (0.1, 0.2), half of it in the second channel: 0.05 (1 + 1/4) squared
    near(found.roughness, [0.25, 0], 1e-6);
    // 2x2 means step 0.2 and 0.4 where x = 1 and y = 1: of nine pixels two, two and one
    const blocks = (Math.sqrt(1.25) * (2 * 0.2 + 2 * 0.4 + Math.hypot(0.2, 0.4))) / 9;
    near(found.grain, [blocks / 0.25, 0], 1e-5);
    // variances 0.01 * 1.25 and 0.04 * 1.25, half the deviation in the second channel
    near(found.contrast, [0.25 * 0.75, 0], 1e-5);
    assert.deepEqual([found.images, found.repeated, found.steps, found.tensors, found.solved], [2, 1, 3, 1, false]);
  }
  const nothing = await signsOf(seen, { ...matched, images: pictures, labels }, byFirst, { unexplained: 0 });
  assert.deepEqual([nothing.left, nothing.coarse], [1, 1]);
  const apart = { images: pictures, labels: Int32Array.of(0, 1), settings: {}, attack: 'analytic' };
  const other = await signsOf(seen, apart, byFirst);
  assert.deepEqual([other.repeated, other.solved], [0, true]);
});

for (const [what, data, evidence, bits] of [
  ['an exact entry: twelve bits', [1, 2, 3], EXACT, 36],
  ['a sign: one', [1, -1, 1, 1, -1], signed(EXACT, false), 5],
  ['noise as strong as the signal: half a bit', [1, -1], noised(EXACT, 1), 1],
  ['a uniform error of half the size', [2, -2], rounded(EXACT, 1, 1), Math.log2(1 + 4 / (1 / 3))],
  ['no bound: nearly none', [1, 1], rounded(EXACT, Number.POSITIVE_INFINITY, 0), Math.log2(1 + 1e-3)],
  ['zeros: none', [0, 0], EXACT, 0],
  ['not sent: none', [0, 0], UNSENT, 0],
] as const)
  test(`signsOf: bits received for a pixel, of ${what}`, async () => {
    await start();
    const seen = observationOf([
      [data, evidence],
      [[5], signed(EXACT, false)],
    ]);
    const found = await signsOf(seen, { ...matched, images: pictures, labels: Int32Array.of(0, 1) }, byFirst);
    near(found.bits, Math.log2((bits + 1) / 64), 1e-6);
  });

const labels = Int32Array.of(0, 2);
const images = ndarray([2, 4, 4, 2], uniformStream(5));

type Pixel = (y: number, x: number, channel: number) => number;
const pixel =
  (b: number): Pixel =>
  (y, x, c) =>
    images.data[((b * 4 + y) * 4 + x) * 2 + c]!;

/** The mean length of the colour gradient of a picture of 4x4 pixels. */
function edges(at: Pixel, added = 0): number {
  let sum = 0;
  for (let y = 0; y < 3; y++)
    for (let x = 0; x < 3; x++) {
      const edge = (c: number): number => (at(y + 1, x, c) - at(y, x, c)) ** 2 + (at(y, x + 1, c) - at(y, x, c)) ** 2;
      sum += Math.sqrt(edge(0) + edge(1) + added) / 9;
    }
  return sum;
}

test('yardstick: the share of every tensor by its evidence, by hand, and the roughness of the pictures', async () => {
  await start();
  const layers = [{ kind: 'dense', units: 5, bias: true }, { kind: 'relu' }, { kind: 'dense', units: 3 }] as const;
  const model = network({ name: 'two', imageShape: [4, 4, 2], classes: 3, seed: 3, layers });
  const plain = observe(model, await clientUpdate(model, { images, labels }), { labels });
  const gray = grayOf(plain);
  const g = (await yardstick(plain, labels)(gray)).update.map(({ data }) => data);
  const q = plain.tensors.map(({ data }) => data);
  const total = (list: Float32Array, of: (x: number, i: number) => number): number =>
    list.reduce((sum, x, i) => sum + of(x, i), 0);
  const squares = (list: Float32Array): number => total(list, (x) => x * x);
  const ofTensor: [Evidence, (k: number) => number][] = [
    [EXACT, (k) => Math.sqrt(squares(g[k]!.map((x, i) => x - q[k]![i]!)) / squares(q[k]!))],
    [
      rounded(EXACT, 1e-3, 0),
      (k) => {
        const beyond = g[k]!.map((x, i) => Math.max(0, Math.abs(x - q[k]![i]!) - (q[k]![i] === 0 ? 0 : 1e-3)));
        return Math.sqrt(squares(beyond) / squares(q[k]!));
      },
    ],
    [
      signed(EXACT, false),
      (k) => total(g[k]!, (x, i) => Math.max(0, -x * Math.sign(q[k]![i]!))) / total(g[k]!, Math.abs),
    ],
    [
      { ...EXACT, scaleUnknown: true },
      (k) => Math.sqrt(1 - total(g[k]!, (x, i) => x * q[k]![i]!) ** 2 / (squares(g[k]!) * squares(q[k]!))),
    ],
  ];
  const counts = q.map(({ length }) => Math.log(1 + length));
  for (const [evidence, of] of ofTensor) {
    const seen = { ...plain, obfuscation: { ...plain.obfuscation, evidence: q.map(() => evidence) } };
    const found = await yardstick(seen, labels)(gray);
    const wanted = q.map((_, k) => Math.min(1, of(k)));
    near(found.shares, wanted, 1e-5);
    const mean = wanted.reduce((sum, share, k) => sum + counts[k]! * share, 0) / counts.reduce((a, b) => a + b);
    near(found.unexplained, mean, 1e-5);
    near(found.value, (evidence.signOnly ? 3 : 1) * found.unexplained + 0.03 * found.roughness, 1e-9);
  }
  const sparse = plain.tensors.map((q) => ({ ...q, data: q.data.map((x, i) => (i % 2 ? x : 0)) }));
  const dropped = q.map(() => rounded(EXACT, 0, 5e-3));
  const ofSparse = { ...plain, tensors: sparse, obfuscation: { ...plain.obfuscation, evidence: dropped } };
  near(
    (await yardstick(ofSparse, labels)(images)).shares,
    sparse.map(({ data }, k) => {
      const beyond = q[k]!.map((x, i) => (data[i] === 0 ? Math.max(0, Math.abs(x) - 5e-3) : 0));
      return Math.sqrt(Math.min(1, squares(beyond) / squares(data)));
    }),
    1e-5,
  );
  const noisy = (sigma: number) => ({ ...plain.obfuscation, evidence: q.map(() => noised(EXACT, sigma)) });
  const power = (k: number): number => squares(q[k]!) / q[k]!.length;
  const sigma = 0.5 * Math.sqrt(Math.min(...q.map((_, k) => power(k))));
  const { shares } = await yardstick({ ...plain, obfuscation: noisy(sigma) }, labels)(gray);
  for (const [k, share] of shares.entries()) {
    const [noise, whole] = [q[k]!.length * sigma * sigma, squares(q[k]!)];
    const away = squares(g[k]!.map((x, i) => x - q[k]![i]!)) - noise;
    if (whole - noise > 3 * sigma * sigma * Math.sqrt(2 * q[k]!.length))
      near(share, Math.sqrt(Math.min(1, Math.max(0, away) / (whole - noise))), 1e-5);
    else assert.ok(Number.isNaN(share));
  }
  const drowned = await yardstick({ ...plain, obfuscation: noisy(1e3) }, labels)(images);
  assert.ok(drowned.shares.every(Number.isNaN) && drowned.unexplained === 0);
  const { roughness } = await yardstick(plain, labels)(images);
  near(roughness, (edges(pixel(0), 1e-6) + edges(pixel(1), 1e-6)) / 2, 1e-5);
});

test('signsOf: roughness and grain of pictures without order', async () => {
  await start();
  const found = await signsOf(observationOf([[[1], EXACT]]), { ...matched, images, labels }, byFirst);
  for (const b of [0, 1]) {
    const block: Pixel = (y, x, c) => {
      const [top, left] = [y - (y % 2), x - (x % 2)];
      const corners = [pixel(b)(top, left, c), pixel(b)(top, left + 1, c), pixel(b)(top + 1, left, c)];
      return (corners.reduce((sum, value) => sum + value) + pixel(b)(top + 1, left + 1, c)) / 4;
    };
    near(found.roughness[b]!, edges(pixel(b)), 1e-5);
    near(found.grain[b]!, edges(block) / edges(pixel(b)), 1e-5);
  }
});

test('judged: the time of the simulations is added to that of the attack, and pictures keep their order', async () => {
  await start();
  const seen = observe(dense, await clientUpdate(dense, { images, labels }), { labels });
  // biome-ignore lint/correctness/useYield: an attack that is over at once
  async function* over(): AsyncGenerator<Progress, Reconstruction> {
    return { ...matched, images, labels, seconds: 7 } as unknown as Reconstruction;
  }
  const began = performance.now();
  const { value } = await judged(seen, over()).next();
  const { seconds, confidence } = value as Reconstruction;
  assert.ok(seconds > 7 && seconds <= 7 + (performance.now() - began) / 1000, `${seconds}`);
  assert.equal(confidence!.length, 2);
});

test('judged: what the attack has measured by then is not measured again', async () => {
  await start();
  const seen = observe(dense, await clientUpdate(dense, { images, labels }), { labels });
  const judge = async (notes?: readonly Note[]): Promise<readonly number[]> => {
    // biome-ignore lint/correctness/useYield: an attack that is over at once
    async function* over(): AsyncGenerator<Progress, Reconstruction> {
      return { ...matched, images, labels, seconds: 7 } as unknown as Reconstruction;
    }
    const { value } = await judged(seen, over(), notes).next();
    return (value as Reconstruction).confidence!;
  };
  const rule = yardstick(seen, labels);
  const note = async (pictures: NdArray, unexplained?: number): Promise<Note> => ({
    ...{ images: { ...pictures, data: pictures.data.slice() }, labels: labels.slice() },
    unexplained: unexplained ?? (await rule(pictures)).unexplained,
  });
  const [gray, found] = [await note(grayOf(seen)), await note(images)];
  const alone = await judge();
  assert.deepEqual(await judge([gray, found]), alone);
  assert.notDeepEqual(await judge([await note(grayOf(seen), 10)]), alone, 'it is what was noted that counts');
  const others = { ...(await note(grayOf(seen), 10)), labels: Int32Array.of(1, 2) };
  assert.deepEqual(await judge([others]), alone, 'of other labels nothing is known');
});

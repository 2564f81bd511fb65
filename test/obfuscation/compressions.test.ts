import assert from 'node:assert/strict';
import test from 'node:test';
import { halfWidth } from '../../src/core/evidence.js';
import { uniformStream } from '../../src/core/random.js';
import type { NamedArray, Obfuscated, Obfuscation } from '../../src/core/types.js';
import { CODEBOOKS, type CodebookName } from '../../src/obfuscation/codebooks.js';
import {
  bf16,
  blockwiseQuantizer,
  errorFeedback,
  fp16,
  kmeansCodebook,
  parseObfuscation,
  partialUpdate,
  percentileClip,
  powerSgd,
  privateTernary,
  randomMask,
  remembered,
  sparseTernary,
  ternaryEpsilon,
  topK,
  warmStart,
} from '../../src/obfuscation/index.js';
import { kmeans } from '../../src/obfuscation/kmeans-codebook.js';
import { golden } from '../fixtures.js';
import { someUpdate, tensor } from './updates.js';

const numbers = golden('compressions');
const g = tensor('g', numbers.g);
const sentOf = (phi: Obfuscation, from: NamedArray = g): Float32Array => phi.apply([from], 1).tensors[0]!.data;
const near = (got: ArrayLike<number>, wanted: readonly number[], slack = 1e-6) => {
  assert.equal(got.length, wanted.length);
  wanted.forEach((value, i) => {
    assert.ok(Math.abs(got[i]! - value) <= slack * Math.max(1e-3, Math.abs(value)), `[${i}] ${got[i]}, not ${value}`);
  });
};

for (const [name, phi] of Object.entries({ fp16: fp16(), bf16: bf16() }))
  test(`${name} rounds as torch does: many decades, ties, what underflows, the largest number`, () => {
    const wide = tensor('wide', numbers.wide);
    assert.deepEqual(
      [...sentOf(phi, wide)].map((x) => x + 0),
      (numbers[name] as number[]).map((x) => x + 0),
    );
    assert.equal(phi.apply([wide], 1).report.bitsPerEntry, 16);
  });

test('fp16 saturates at 65504, and says that what is there may be any larger', () => {
  const { tensors, report } = fp16().apply([tensor('g', [7e4, -1e9, 65504, 65472])], 1);
  assert.deepEqual([...tensors[0]!.data], [65504, -65504, 65504, 65472]);
  assert.deepEqual(
    [...report.evidence[0]!.each!.tolerance],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 16],
  );
});

for (const code of Object.keys(CODEBOOKS) as CodebookName[]) {
  test(`the values of ${code} are those of its paper`, () => {
    const { values } = CODEBOOKS[code];
    // an offset in QLoRA's own script is told with seven digits
    near(values, numbers.codes[code], code === 'nf4' ? 2e-6 : 1e-9);
  });

  test(`blockwiseQuantizer({ code: '${code}' }) gives the numbers of a search in numpy`, () => {
    near(sentOf(blockwiseQuantizer({ code, block: 64 })), numbers.blockwise[code], 3e-6);
  });
}

test('blockwiseQuantizer: bits, a scale for each block, and a block of zeros', () => {
  const bits = (options: Parameters<typeof blockwiseQuantizer>[0]) =>
    blockwiseQuantizer(options).apply([tensor('a', new Float32Array(130)), g], 1).report.bitsPerEntry;
  assert.equal(bits({}), 8 + (2 * 32) / 280);
  assert.equal(bits({ code: 'nf4' }), 4 + (6 * 32) / 280);
  assert.equal(bits({ code: 'fp4', block: 10 }), 4 + (28 * 32) / 280);
  const [e] = blockwiseQuantizer().apply([tensor('a', new Float32Array(130))], 1).report.evidence;
  assert.deepEqual([e!.tolerance, e!.zeroTolerance], [0, 0]);
});

test('kmeansCodebook finds the least sum of squares that there is, and six values', () => {
  const { inertia, centres } = kmeans(g.data, 6);
  assert.ok(inertia >= numbers.inertia6 * (1 - 1e-6) && inertia <= (1 + 1e-6) * numbers.inertia6, `${inertia}`);
  assert.equal(centres.length, 6);
  assert.equal(new Set(sentOf(kmeansCodebook())).size, 6);
});

test('kmeansCodebook: of many numbers nearly the least sum: that of a quarter of them, each four times', () => {
  const next = uniformStream(7);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  for (const value of [normal, () => normal() * Math.exp(2 * next()), () => normal() / Math.abs(normal()), () => 1])
    for (const clusters of [2, 6, 16, 64]) {
      const once = Float32Array.from({ length: 30_000 }, value);
      const least = kmeans(once, clusters);
      const found = kmeans(
        Float32Array.from({ length: 120_000 }, (_, i) => once[i % 30_000]!),
        clusters,
      );
      assert.ok(found.inertia <= 4 * least.inertia * (1 + 1e-6), `${clusters}: ${found.inertia / 4 / least.inertia}`);
      assert.equal(found.centres.length, least.centres.length);
    }
});

test('kmeansCodebook: few entries are sent whole; sparse ones keep their zeros; bits', () => {
  const few = tensor('few', [1, 2, 3]);
  const whole = kmeansCodebook().apply([few], 1);
  assert.deepEqual(whole.tensors[0]!.data, few.data);
  assert.equal(whole.report.evidence[0]!.tolerance, 0);
  const both = parseObfuscation('topk:0.9+kmeans').apply([g], 1);
  assert.equal(both.tensors[0]!.data.filter((x) => x !== 0).length, 15);
  const bits = kmeansCodebook({ clusters: 8 }).apply([g], 1).report.bitsPerEntry;
  assert.ok(Math.abs(bits - (3 + (8 * 32) / 150)) < 1e-12, String(bits));
  const ties = kmeansCodebook().apply([tensor('ties', [1, 1, 1, 1, 1, 1, 1, -1])], 1).tensors[0]!.data;
  assert.deepEqual([...ties], [1, 1, 1, 1, 1, 1, 1, -1]);
});

test("sparseTernary is STC of Sattler et al., or OpenFL's with a mean over all", () => {
  near(sentOf(sparseTernary()), numbers.stc);
  near(sentOf(sparseTernary({ mean: 'all' })), numbers.stcAll);
  const [e] = sparseTernary().apply([g], 1).report.evidence;
  const truth = numbers.g as number[];
  numbers.stc.forEach((q: number, i: number) => {
    if (q === 0) assert.ok(Math.abs(truth[i]!) <= e!.zeroTolerance);
  });
});

test("percentileClip is FLARE's filter: numpy's percentile over the whole update, then a limit", () => {
  const phi = percentileClip({ percentile: 70, limit: 0.9 });
  near(sentOf(phi), numbers.percentile);
  const parts = [tensor('a', numbers.g.slice(0, 40)), tensor('b', numbers.g.slice(40))];
  near(
    phi.apply(parts, 1).tensors.flatMap(({ data }) => [...data]),
    numbers.percentile,
  );
});

test('powerSgd gives the numbers of algorithm 1, and its projection is what the server sees of the truth', () => {
  const m: NamedArray = { name: 'm', shape: [4, 5, 12], data: Float32Array.from(numbers.m) };
  const start = [{ name: 'm', shape: [20, 3], data: Float32Array.from(numbers.start) }];
  const { tensors, report } = powerSgd({ rank: 3, start }).apply([m], 1);
  near(tensors[0]!.data, numbers.powerSgd, 2e-5);
  assert.equal(report.bitsPerEntry, (32 * 3 * (20 + 12)) / 240);
  const { basis, rank } = report.evidence[0]!.projection!;
  for (let a = 0; a < rank; a++)
    for (let b = 0; b < rank; b++) {
      let dot = 0;
      for (let c = 0; c < 12; c++) dot += basis[c * rank + a]! * basis[c * rank + b]!;
      assert.ok(Math.abs(dot - Number(a === b)) < 1e-6);
    }
});

test('powerSgd with a warm start comes to the best rank-r error; vectors and small matrices are sent whole', () => {
  const m: NamedArray = { name: 'm', shape: [20, 12], data: Float32Array.from(numbers.m) };
  const bias = tensor('b', [1, 2, 3]);
  let sent: Obfuscated = powerSgd({ rank: 3 }).apply([m, bias], 5);
  const lost = () => m.data.reduce((sum, value, i) => sum + (value - sent.tensors[0]!.data[i]!) ** 2, 0);
  const first = lost();
  for (let round = 0; round < 60; round++) sent = powerSgd({ rank: 3, start: warmStart(sent) }).apply([m, bias], 5);
  assert.ok(lost() < first && lost() / numbers.svd3 < 1.001, `${lost()} of ${numbers.svd3}`);
  assert.equal(sent.tensors[1]!.data, bias.data);
  assert.equal(powerSgd({ rank: 8 }).apply([m], 1).report.evidence[0]!.projection, undefined);
});

test('randomMask: sent entries are exact; a known seed says which zeros mean nothing', () => {
  const update = someUpdate(3, [4000]);
  const { tensors, report } = randomMask({ keep: 0.25 }).apply(update, 9);
  const sent = tensors[0]!.data.filter((x) => x !== 0).length;
  assert.ok(Math.abs(sent / 4000 - 0.25) < 0.03, String(sent));
  const { zeroTolerance } = report.evidence[0]!.each!;
  tensors[0]!.data.forEach((q, i) => {
    assert.equal(zeroTolerance[i], q === 0 ? Number.POSITIVE_INFINITY : 0);
  });
  assert.ok(Math.abs(report.bitsPerEntry - (32 * sent + 32) / 4000) < 1e-9);
  const blind = randomMask({ keep: 0.25, seedKnown: false }).apply(update, 9);
  assert.deepEqual(blind.tensors, tensors);
  assert.equal(blind.report.evidence[0]!.zeroTolerance, Number.POSITIVE_INFINITY);
  assert.ok(blind.report.bitsPerEntry > report.bitsPerEntry + 0.7);
});

test('partialUpdate sends layers by name, and pays for them alone', () => {
  const update = ['conv0/kernel', 'conv0/bias', 'dense1/kernel'].map((name, t) => tensor(name, [t + 1, 1, 1]));
  const { tensors, report } = partialUpdate({ without: ['conv0'] }).apply(update, 1);
  assert.deepEqual(
    tensors.map(({ data }) => data[0]),
    [0, 0, 3],
  );
  assert.deepEqual(
    report.evidence.map(({ unsent = false }) => unsent),
    [true, true, false],
  );
  assert.ok(Math.abs(report.bitsPerEntry - 32 / 3) < 1e-12);
  const two = parseObfuscation('without:conv0/bias+without:dense1+quantize:4').apply(update, 1).report;
  assert.ok(Math.abs(two.bitsPerEntry - (4 / 3 + 96 / 9)) < 1e-12, String(two.bitsPerEntry));
  assert.throws(() => partialUpdate({ only: ['dense2'] }).apply(update, 1), /layers: conv0, dense1/);
  assert.throws(() => partialUpdate({ without: ['conv0', 'dense1'] }).apply(update, 1), /nothing is left to send/);
});

test('errorFeedback: over rounds everything is sent, and the bounds hold for the true update', () => {
  const phi = topK({ sparsity: 0.8 });
  const update = someUpdate(4, [200]);
  let sent = errorFeedback(phi).apply(update, 1);
  let state = remembered(update, sent);
  const total = sent.tensors[0]!.data.slice();
  const rounds = 40;
  for (let round = 2; round <= rounds; round++) {
    const g = someUpdate(4 + round, [200]);
    sent = errorFeedback(phi, state).apply(g, round);
    const e = sent.report.evidence[0]!;
    sent.tensors[0]!.data.forEach((q, i) => {
      assert.ok(Math.abs(g[0]!.data[i]! - q) <= halfWidth(e, q, i) * (1 + 1e-5) + 1e-5, `round ${round}, entry ${i}`);
    });
    state = remembered(g, sent, state);
    sent.tensors[0]!.data.forEach((q, i) => {
      total[i]! += q;
    });
  }
  const all = Float32Array.from(total, (_, i) => {
    let sum = 0;
    for (let round = 1; round <= rounds; round++) sum += someUpdate(round === 1 ? 4 : 4 + round, [200])[0]!.data[i]!;
    return sum;
  });
  state.memory[0]!.data.forEach((left, i) => {
    assert.ok(Math.abs(all[i]! - total[i]! - left) < 1e-3);
  });
});

test('privateTernary is unbiased, with the variance of its evidence and the epsilon of its paper', () => {
  const update = [
    tensor(
      'g',
      Float32Array.from({ length: 21 }, (_, i) => (i - 10) / 10),
    ),
  ];
  const phi = privateTernary({ clip: 1, a: 1.5, b: 4 });
  const seeds = 20_000;
  const [sum, squares] = [new Float64Array(21), new Float64Array(21)];
  for (let seed = 0; seed < seeds; seed++)
    phi.apply(update, seed).tensors[0]!.data.forEach((q, i) => {
      assert.ok(q === 0 || Math.abs(q) === 4);
      sum[i]! += q;
      squares[i]! += q * q;
    });
  sum.forEach((s, i) => {
    assert.ok(Math.abs(s / seeds - update[0]!.data[i]!) < 5 * Math.sqrt(6 / seeds), `entry ${i}: ${s / seeds}`);
    assert.ok(Math.abs(squares[i]! / seeds / 6 - 1) < 0.05);
  });
  assert.ok(Math.abs(phi.apply(update, 1).report.evidence[0]!.noise - Math.sqrt(6)) < 1e-6);
  assert.ok(Math.abs(ternaryEpsilon({ clip: 1, a: 1.5 }) - Math.log(5)) < 1e-12);
  assert.throws(() => privateTernary({ clip: 1, a: 1, b: 2 }), /clip < a < b/);
});

test('kmeans: an outlier at either end has a centre of its own', () => {
  for (const [data, best] of [
    [
      [0, 10, 20, 20.5],
      [0, 10, 20.25],
    ],
    [
      [0, 0.5, 10, 20],
      [0.25, 10, 20],
    ],
  ] as const) {
    const { centres, counts, inertia } = kmeans(Float32Array.from(data), 3);
    assert.deepEqual(centres, best);
    assert.equal(
      counts.reduce((a, b) => a + b),
      4,
    );
    assert.equal(inertia, 0.125);
  }
});

test('percentileClip: a zero was at most the smallest size that was let through', () => {
  const { tensors, report } = percentileClip({ percentile: 40 }).apply([tensor('a', [-0.1, 0.25, 0.5, -0.75, 1])], 1);
  assert.deepEqual([...tensors[0]!.data], [0, 0, 0.5, -0.75, 1]);
  assert.deepEqual([report.evidence[0]!.tolerance, report.evidence[0]!.zeroTolerance], [0, 0.5]);
});

test('percentileClip: the entry that stands at the percentile is sent', () => {
  const g = tensor('a', [-0.1, 0.25, 0.5, -0.75, 1]);
  assert.deepEqual([...percentileClip({ percentile: 50 }).apply([g], 1).tensors[0]!.data], [0, 0, 0.5, -0.75, 1]);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { halfWidth } from '../../src/core/evidence.js';
import type { NamedArray, Obfuscation } from '../../src/core/types.js';
import {
  clip,
  compose,
  gaussianNoise,
  laplaceNoise,
  none,
  parseObfuscation,
  qsgd,
  sign,
  topK,
  uniformQuantizer,
} from '../../src/obfuscation/index.js';
import { someUpdate, tensor } from './updates.js';

/** What deployments send, alone and composed. */
const COMPRESSIONS = [
  ...['fp16', 'bf16', 'block8', 'block8:64', 'linear8', 'fp4', 'nf4', 'kmeans', 'stc', 'mask:0.3', 'mask:0.3:unknown'],
  ...[
    'percentile:60',
    'percentile:60:0.01',
    'powersgd',
    'ternary:0.5:1:4',
    'topk:0.9+nf4',
    'topk:0.9+kmeans',
    'nf4+topk:0.5',
  ],
  ...[
    'quantize:4+fp16',
    'mask:0.5+block8',
    'topk:0.9+quantize:4+bf16',
    'fp16+mask:0.5+quantize:4',
    'kmeans+sign',
    'stc+fp16',
  ],
];

const everything: readonly Obfuscation[] = [
  none(),
  uniformQuantizer({ bits: 2 }),
  uniformQuantizer({ bits: 5, norm: 'l2', scope: 'update' }),
  qsgd({ bits: 3 }),
  qsgd({ bits: 4, norm: 'l2' }),
  qsgd({ bits: 16, scope: 'update' }),
  topK(),
  topK({ sparsity: 0.5, scope: 'update' }),
  sign(),
  sign({ scale: 'mean' }),
  gaussianNoise({ sigma: 0.1 }),
  gaussianNoise({ snr: -10, scope: 'tensor' }),
  laplaceNoise({ snr: 5 }),
  clip({ norm: 0.5 }),
  clip({ norm: 0.5, scope: 'tensor' }),
  compose([topK(), uniformQuantizer({ bits: 3 })]),
  ...COMPRESSIONS.map(parseObfuscation),
  compose([qsgd({ bits: 3 }), topK({ sparsity: 0.8 })]),
  compose([uniformQuantizer({ bits: 3 }), sign()]),
  compose([clip({ norm: 1 }), gaussianNoise({ sigma: 0.01 }), uniformQuantizer({ bits: 4 })]),
];

const bits = (tensors: readonly NamedArray[]) => tensors.map(({ data }) => new Uint32Array(data.slice().buffer));

for (const phi of everything) {
  test(`${phi.name}: same seed, same bits; inputs untouched; names and shapes kept; plain-data report`, () => {
    const update = someUpdate();
    const first = phi.apply(update, 3);
    assert.deepEqual(bits(phi.apply(update, 3).tensors), bits(first.tensors));
    assert.deepEqual(update, someUpdate());
    first.tensors.forEach(({ name, shape, data }, t) => {
      assert.equal(name, update[t]!.name);
      assert.equal(shape, update[t]!.shape);
      assert.equal(data.length, update[t]!.data.length);
    });
    assert.equal(first.report.name, phi.name);
    assert.equal(first.report.evidence.length, update.length);
    assert.deepEqual(structuredClone(first.report), first.report);
  });

  test(`${phi.name}: all-zero and empty tensors, and an empty update, stay finite`, () => {
    const { tensors, report } = phi.apply([tensor('zeros', [0, -0, 0]), tensor('empty', [])], 1);
    assert.ok(tensors.every(({ data }) => data.every(Number.isFinite)));
    assert.ok(Number.isFinite(report.bitsPerEntry));
    const { signOnly } = report.evidence[0]!;
    if (
      !signOnly &&
      !phi.name.startsWith('privateTernary') &&
      phi.parameters.sigma === undefined &&
      phi.parameters['2.sigma'] === undefined
    )
      assert.ok(tensors[0]!.data.every((g) => g === 0));
    for (const e of report.evidence)
      assert.ok(
        [e.tolerance, e.zeroTolerance, e.noise].every((bound) => bound >= 0),
        JSON.stringify(e),
      );
    assert.equal(phi.apply([], 1).tensors.length, 0);
    assert.ok(Number.isFinite(phi.apply([], 1).report.bitsPerEntry));
  });

  test(`${phi.name}: NaN and infinities are refused by name`, () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => phi.apply([tensor('conv1/kernel', [1, bad])], 1), /must be finite; conv1\/kernel\[1\] is/);
  });

  test(`${phi.name}: the evidence is true of the private update`, () => {
    const update = someUpdate(11);
    const { tensors, report } = phi.apply(update, 4);
    const exact = report.evidence.every((e) => !e.scaleUnknown && (e.noise === 0 || phi.name.startsWith('qsgd')));
    if (!exact) return;
    report.evidence.forEach((e, t) => {
      tensors[t]!.data.forEach((value, i) => {
        const truth = update[t]!.data[i]!;
        const rounding = 1e-6 * Math.abs(truth);
        const width = halfWidth(e, value, i);
        if (value === 0) assert.ok(Math.abs(truth) <= width + rounding, `${truth} seen as 0`);
        else if (e.signOnly && !e.crossesZero) assert.ok(truth * value >= 0, `${truth} seen as ${value}`);
        else assert.ok(Math.abs(truth - value) <= width + rounding, `${truth} seen as ${value}`);
      });
    });
  });
}

const energy = (list: readonly NamedArray[]) => list.reduce((s, { data }) => data.reduce((a, g) => a + g * g, s), 0);

test('uniformQuantizer rounds halves away from zero and reaches at most 2^bits - 1 values', () => {
  // 2 bits: levels -1, 0, 1 of the largest entry.
  const [two] = uniformQuantizer({ bits: 2 }).apply([tensor('g', [2, 1, -1, 0.999, -0.999])], 1).tensors;
  assert.deepEqual(
    [...two!.data].map((x) => x + 0),
    [2, 2, -2, 0, 0],
  );
  for (const b of [2, 3, 6, 8]) {
    const values = uniformQuantizer({ bits: b }).apply(someUpdate(2, [5000]), 1).tensors[0]!.data;
    assert.ok(new Set([...values].map((x) => x + 0)).size <= 2 ** b - 1);
  }
});

test('quantizers: the norm and scope set the step', () => {
  const update = [tensor('a', [3, 4]), tensor('b', [12])];
  const step = (norm: 'max' | 'l2', scope: 'tensor' | 'update') =>
    qsgd({ bits: 3, norm, scope })
      .apply(update, 1)
      .report.evidence.map((e) => e.tolerance * 3);
  assert.deepEqual(step('max', 'tensor'), [4, 12]);
  assert.deepEqual(step('max', 'update'), [12, 12]);
  assert.deepEqual(step('l2', 'tensor'), [5, 12]);
  assert.deepEqual(step('l2', 'update'), [13, 13]);
});

test('qsgd is unbiased, and its variance over entries is that of its evidence', () => {
  for (const norm of ['max', 'l2'] as const) {
    const update = [
      tensor(
        'g',
        Float32Array.from({ length: 400 }, (_, i) => (i - 200) / 200),
      ),
    ];
    const phi = qsgd({ bits: 4, norm });
    const seeds = 2000;
    const sum = new Float64Array(400);
    let squares = 0;
    for (let seed = 0; seed < seeds; seed++)
      phi.apply(update, seed).tensors[0]!.data.forEach((q, i) => {
        sum[i]! += q;
        squares += (q - update[0]!.data[i]!) ** 2;
      });
    const { tolerance: step, noise } = phi.apply(update, 0).report.evidence[0]!;
    // Five standard errors of the mean, each at most (step / 2) / sqrt(seeds).
    sum.forEach((s, i) => {
      const error = Math.abs(s / seeds - update[0]!.data[i]!);
      assert.ok(error < (5 * step) / 2 / Math.sqrt(seeds), `entry ${i} is off by ${error}`);
    });
    if (norm === 'max') assert.ok(Math.abs(Math.sqrt(squares / seeds / 400) / noise - 1) < 0.02);
  }
});

test('topK keeps exactly k, the largest, ties by the lower index; the threshold is the smallest kept', () => {
  const update = someUpdate(8, [1000]);
  const { tensors, report } = topK({ sparsity: 0.9 }).apply(update, 1);
  const kept = [...tensors[0]!.data].filter((g) => g !== 0).map(Math.abs);
  const sorted = [...update[0]!.data].map(Math.abs).sort((a, b) => b - a);
  assert.deepEqual(
    kept.sort((a, b) => b - a),
    sorted.slice(0, 100),
  );
  assert.equal(report.evidence[0]!.zeroTolerance, sorted[99]);
  const [ties] = topK({ sparsity: 0.5 }).apply([tensor('g', [1, -2, 2, -2, 2, 3])], 1).tensors;
  assert.deepEqual([...ties!.data], [0, -2, 2, 0, 0, 3]);
  assert.deepEqual(topK({ sparsity: 0 }).apply(update, 1).tensors[0]!.data, update[0]!.data);
});

test("topK({ scope: 'update' }) takes the largest of all tensors", () => {
  const { tensors, report } = topK({ sparsity: 0.5, scope: 'update' }).apply(
    [tensor('a', [9, 8]), tensor('b', [1, 2])],
    1,
  );
  assert.deepEqual(
    tensors.map(({ data }) => [...data]),
    [
      [9, 8],
      [0, 0],
    ],
  );
  assert.deepEqual(
    report.evidence.map((e) => e.zeroTolerance),
    [8, 8],
  );
});

test('sign sends zero as +1, except after an operator that makes zeros', () => {
  const update = [tensor('g', [0, -0, 3, -1])];
  assert.deepEqual([...sign().apply(update, 1).tensors[0]!.data], [1, 1, 1, -1]);
  assert.deepEqual([...sign({ scale: 'mean' }).apply(update, 1).tensors[0]!.data], [1, 1, 1, -1]);
  const sparse = compose([topK({ sparsity: 0.5 }), sign({ scale: 'mean' })]).apply(update, 1);
  assert.deepEqual([...sparse.tensors[0]!.data], [0, 0, 2, -2]);
  assert.deepEqual(sparse.report.evidence[0], {
    tolerance: Number.POSITIVE_INFINITY,
    zeroTolerance: 1,
    noise: 0,
    signOnly: true,
    scaleUnknown: false,
  });
});

for (const [law, phi, fourth] of [
  ['gaussianNoise', gaussianNoise, 3],
  ['laplaceNoise', laplaceNoise, 6],
] as const)
  test(`${law}: SNR within 1 % over 10^6 entries, the law's fourth moment, sigma as derived by the server`, () => {
    const update = someUpdate(1, [10_000, 990_000]);
    for (const snr of [-10, 5]) {
      const { tensors, report } = phi({ snr }).apply(update, 9);
      const added = tensors.map((t, k) => ({ ...t, data: t.data.map((g, i) => g - update[k]!.data[i]!) }));
      const ratio = energy(update) / energy(added) / 10 ** (snr / 10);
      assert.ok(Math.abs(ratio - 1) < 0.01, `ratio ${ratio}`);
      const sigma = Math.sqrt(energy(added) / 1e6);
      const moment = added.reduce((s, { data }) => data.reduce((a, x) => a + (x / sigma) ** 4, s), 0) / 1e6;
      assert.ok(Math.abs(moment / fourth - 1) < 0.05, `fourth moment ${moment}`);
      assert.ok(Math.abs(report.evidence[0]!.noise / sigma - 1) < 0.01);
    }
    const { tensors } = phi({ sigma: 0.25 }).apply([tensor('zero', new Float32Array(200_000))], 2);
    assert.ok(Math.abs(Math.sqrt(energy(tensors) / 200_000) / 0.25 - 1) < 0.01);
  });

test('clip scales to the norm, or leaves the update and says that nothing was lost', () => {
  const update = [tensor('a', [3]), tensor('b', [4])];
  const cut = clip({ norm: 1 }).apply(update, 1);
  [0.6, 0.8].forEach((value, t) => {
    assert.ok(Math.abs(cut.tensors[t]!.data[0]! - value) < 3e-7);
  });
  assert.ok(cut.report.evidence.every((e) => e.scaleUnknown));
  const whole = clip({ norm: 6 }).apply(update, 1);
  assert.deepEqual(
    whole.tensors.map(({ data }) => data[0]),
    [3, 4],
  );
  assert.ok(whole.report.evidence.every((e) => !e.scaleUnknown));
  const each = clip({ norm: 3.5, scope: 'tensor' }).apply(update, 1);
  assert.deepEqual(
    each.tensors.map(({ data }) => data[0]),
    [3, 3.5],
  );
  assert.deepEqual(
    each.report.evidence.map((e) => e.scaleUnknown),
    [false, true],
  );
});

test('clip never exceeds its bound, in float64 arithmetic on the float32 result', () => {
  for (let seed = 1; seed <= 40; seed++)
    for (const norm of [0.1, 1, 3.3]) {
      const size = Math.sqrt(energy(clip({ norm }).apply(someUpdate(seed), 1).tensors));
      assert.ok(size <= norm && size > norm * (1 - 1e-6), `${size} of ${norm}`);
    }
});

test('noise and clip per layer: kernel and bias share one level, another layer has its own', () => {
  const update = [
    tensor('conv0/kernel', new Float32Array(90_000).fill(2)),
    tensor('conv0/bias', new Float32Array(10_000).fill(1)),
    tensor('dense1/kernel', new Float32Array(100_000).fill(0.1)),
  ];
  const { tensors, report } = gaussianNoise({ snr: -10, scope: 'layer' }).apply(update, 4);
  const powers = tensors.map(
    ({ data }, t) => data.reduce((sum, v, i) => sum + (v - update[t]!.data[i]!) ** 2, 0) / data.length,
  );
  const wanted = [37, 37, 0.1]; // 10 (0.9 * 4 + 0.1 * 1) and 10 * 0.01
  powers.forEach((power, t) => {
    assert.ok(Math.abs(power / wanted[t]! - 1) < 0.05, `tensor ${t}: ${power}`);
    assert.ok(Math.abs(report.evidence[t]!.noise ** 2 / wanted[t]! - 1) < 0.05);
  });
  const cut = clip({ norm: 1, scope: 'layer' }).apply(update, 1).tensors;
  for (const layer of [cut.slice(0, 2), cut.slice(2)]) {
    const size = Math.sqrt(energy(layer));
    assert.ok(size <= 1 && size > 1 - 1e-6, String(size));
  }
});

test('clip after noise: an announced sigma stays (the factor is not told), a derived one shrinks', () => {
  const update = someUpdate();
  const noiseOf = (phi: Obfuscation) => phi.apply(update, 2).report.evidence[0]!.noise;
  assert.equal(noiseOf(compose([gaussianNoise({ sigma: 0.5 }), clip({ norm: 1 })])), 0.5);
  const cut = compose([gaussianNoise({ snr: 0 }), clip({ norm: 1 })]);
  // The server derives it from the observed norm 1 over all entries at 0 dB.
  assert.ok(Math.abs(noiseOf(cut) / Math.sqrt(1 / (1340 * 2)) - 1) < 1e-6);
});

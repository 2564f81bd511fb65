import assert from 'node:assert/strict';
import test from 'node:test';
import {
  compose,
  gaussianNoise,
  none,
  parseObfuscation,
  qsgd,
  sign,
  topK,
  uniformQuantizer,
} from '../../src/obfuscation/index.js';
import { someUpdate } from './updates.js';

const n = 1340;
const bitsOf = (text: string) => parseObfuscation(text).apply(someUpdate(), 1).report.bitsPerEntry;
const entropy = (p: number) => -p * Math.log2(p) - (1 - p) * Math.log2(1 - p);

test('bits per entry: values, positions and headers', () => {
  const near = (actual: number, expected: number) =>
    assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} not ${expected}`);
  // ceil(0.05 n) of tensors of 300, 40 and 1000 entries; 0.05 is a little more than 1/20 in float64.
  const kept = 16 + 3 + 51;
  const share = kept / n;
  near(bitsOf('none'), 32);
  near(bitsOf('quantize:3'), 3 + (3 * 32) / n);
  near(bitsOf('qsgd:8'), 8 + (3 * 32) / n);
  near(bitsOf('sign'), 1);
  near(bitsOf('sign:mean'), 1 + (3 * 32) / n);
  near(bitsOf('noise:-10'), 32);
  near(bitsOf('topk:0.95'), 32 * share + entropy(share) + (3 * 32) / n);
  near(bitsOf('topk:0.95+quantize:3'), 3 * share + entropy(share) + (6 * 32) / n);
  near(bitsOf('quantize:3+topk:0.95'), bitsOf('topk:0.95+quantize:3'));
  near(bitsOf('topk:0.95+sign'), share + entropy(share) + (3 * 32) / n);
  near(bitsOf('topk:0.95+noise:0'), 32);
  near(bitsOf('quantize:4+clip:0.1'), bitsOf('quantize:4'));
  near(qsgd({ bits: 4, scope: 'update' }).apply(someUpdate(), 1).report.bitsPerEntry, 4 + 32 / n);
});

test('evidence of top-k then a quantizer: kept within step/2, dropped within the threshold', () => {
  const update = someUpdate();
  const sparse = topK({ sparsity: 0.9 }).apply(update, 1).report.evidence;
  const both = compose([topK({ sparsity: 0.9 }), uniformQuantizer({ bits: 3 })]).apply(update, 1).report.evidence;
  both.forEach((e, t) => {
    const largest = Math.max(...update[t]!.data.map(Math.abs));
    assert.ok(Math.abs(e.tolerance - largest / 6) < 1e-12);
    assert.equal(e.zeroTolerance, Math.max(sparse[t]!.zeroTolerance, e.tolerance));
  });
});

test('evidence of noise after top-k: one bound for all, noise in quadrature', () => {
  const phi = compose([topK(), gaussianNoise({ sigma: 3 }), gaussianNoise({ sigma: 4 })]);
  const [e] = phi.apply(someUpdate(), 1).report.evidence;
  assert.equal(e!.noise, 5);
  assert.equal(e!.tolerance, e!.zeroTolerance);
  assert.ok(e!.tolerance > 0);
});

test('compose of one operator draws as the operator alone', () => {
  const update = someUpdate();
  assert.deepEqual(compose([qsgd({ bits: 3 })]).apply(update, 6).tensors, qsgd({ bits: 3 }).apply(update, 6).tensors);
});

test('compose names its operators and their parameters in order', () => {
  const phi = parseObfuscation('topk:0.95+quantize:3');
  assert.equal(phi.name, 'topK(sparsity: 0.95) + uniformQuantizer(bits: 3)');
  assert.deepEqual(phi.parameters, {
    '1.sparsity': 0.95,
    '1.scope': 'tensor',
    '2.bits': 3,
    '2.norm': 'max',
    '2.scope': 'tensor',
  });
  assert.deepEqual(none().parameters, {});
  assert.equal(sign().name, 'sign');
});

test('parseObfuscation gives the operators of the command line', () => {
  const names = [
    ...['none', 'quantize:3', 'qsgd:5', 'topk:0.5', 'sign', 'sign:mean', 'noise:-10', 'laplace:3', 'clip:2'],
    ...['noise:-5:layer', 'sigma:0.01'],
  ];
  assert.deepEqual(
    names.map((text) => parseObfuscation(text).name),
    [
      'none',
      'uniformQuantizer(bits: 3)',
      'qsgd(bits: 5)',
      'topK(sparsity: 0.5)',
      'sign',
      'sign(scale: mean)',
      'gaussianNoise(snr: -10)',
      'laplaceNoise(snr: 3)',
      'clip(norm: 2)',
      'gaussianNoise(snr: -5, scope: layer)',
      'gaussianNoise(sigma: 0.01)',
    ],
  );
});

for (const [text, message] of [
  ['noise:-5:layers', /the scope of noise must be one of update, layer, tensor, got "layers"; did you mean "layer"\?/],
  ['clip:1:layer', /the form is clip:NORM/],
  ['quantise:3', /parseObfuscation: unknown obfuscation, got "quantise:3"; did you mean quantize\?/],
  ['toString', /unknown obfuscation/],
  ['', /unknown obfuscation/],
  ['topk:0.9+', /unknown obfuscation, got ""/],
  ['quantize', /the form is quantize:BITS, with a number, got ""/],
  ['noise:loud', /the form is noise:SNR, with a number, got "loud"/],
  ['qsgd:3:l2', /the form is qsgd:BITS, got "qsgd:3:l2"/],
  ['none:1', /none takes no value/],
  ['sign:median', /the scale of sign must be one of none, mean, got "median"/],
  ['quantize:1', /uniformQuantizer: bits must be an integer from 2 to 16, got 1; for one bit use sign\(\)/],
] as const)
  test(`parseObfuscation(${JSON.stringify(text)}) is refused`, () => {
    assert.throws(() => parseObfuscation(text), message);
  });

for (const [what, make, message] of [
  [
    'an unknown option',
    () => qsgd({ bits: 3, nrom: 'l2' } as never),
    /qsgd: unknown option "nrom"; did you mean "norm"\?/,
  ],
  ['half a bit', () => uniformQuantizer({ bits: 2.5 }), /bits must be an integer from 2 to 16, got 2.5/],
  ['a norm of its own', () => qsgd({ bits: 3, norm: 'l1' as never }), /norm must be one of max, l2, got "l1"/],
  ['sparsity 1', () => topK({ sparsity: 1 }), /topK: sparsity must be a number of at least 0 and below 1, got 1/],
  ['no level', () => gaussianNoise({}), /gaussianNoise: give either sigma or snr \(dB\), got "neither"/],
  ['two levels', () => gaussianNoise({ sigma: 1, snr: 0 }), /give either sigma or snr \(dB\), got "both"/],
  ['negative sigma', () => gaussianNoise({ sigma: -1 }), /sigma must be a number of at least 0, got -1/],
  ['an empty list', () => compose([]), /compose: give at least one obfuscation/],
] as const)
  test(`an operator refuses ${what}`, () => {
    assert.throws(make, message);
  });

test('evidence of qsgd after noise: one step of tolerance, noises in quadrature', () => {
  const { evidence } = compose([gaussianNoise({ sigma: 3 }), qsgd({ bits: 3 })]).apply(someUpdate(), 1).report;
  for (const { tolerance, zeroTolerance, noise } of evidence) {
    assert.equal(tolerance, zeroTolerance);
    assert.ok(Math.abs(noise ** 2 - (9 + tolerance ** 2 / 6)) < 1e-9 * noise ** 2);
  }
});

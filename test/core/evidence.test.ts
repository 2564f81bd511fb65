import assert from 'node:assert/strict';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import * as evidence from '../../src/core/evidence.js';
import { evidenceFrom, type OwnEvidence } from '../../src/core/own-evidence.js';
import { normalStream } from '../../src/core/random.js';
import type { Evidence } from '../../src/core/types.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';

const { isExact, isExactToScale, hidesScale, isSparse, isBounded, isRounded } = evidence;
const { isRandomlyRounded, isNoised, keepsSigns } = evidence;
const KINDS = {
  ...{ isExact, isExactToScale, hidesScale, isSparse, isBounded, isRounded },
  ...{ isRandomlyRounded, isNoised, keepsSigns },
};
type Kind = keyof typeof KINDS;

/** Of what a phi leaves, every kind that holds. */
const TABLE: Record<string, readonly Kind[]> = {
  none: ['isExact', 'isExactToScale', 'isRandomlyRounded', 'keepsSigns'],
  'clip:0.1': ['isExactToScale', 'hidesScale', 'keepsSigns'],
  'clip:1000': ['isExact', 'isExactToScale', 'isRandomlyRounded', 'keepsSigns'],
  'quantize:3': ['isBounded', 'isRounded', 'isRandomlyRounded', 'keepsSigns'],
  'qsgd:3': ['isRandomlyRounded', 'keepsSigns'],
  'topk:0.9': ['isSparse', 'isBounded', 'keepsSigns'],
  sign: ['hidesScale', 'isBounded', 'keepsSigns'],
  'noise:-3': ['isNoised'],
  'topk:0.9+quantize:3': ['isBounded', 'isRounded', 'keepsSigns'],
  'topk:0.9+sign': ['hidesScale', 'isBounded', 'keepsSigns'],
  'clip:0.1+noise:-3': ['hidesScale'],
  'topk:0.9+sigma:0.01': [],
  nf4: ['isBounded', 'isRounded', 'isRandomlyRounded', 'keepsSigns'],
  'mask:0.5': ['isSparse', 'isBounded', 'keepsSigns'],
  stc: ['isBounded', 'isRounded', 'keepsSigns'],
};

const normal = normalStream(3);
const tensors = [
  { name: 'a', ...ndarray([40, 5], normal) },
  { name: 'b', ...ndarray([7], normal) },
];

const holds = (e: Evidence): string[] => Object.entries(KINDS).flatMap(([kind, is]) => (is(e) ? [kind] : []));

for (const [phi, kinds] of Object.entries(TABLE))
  test(`evidence of ${phi}: ${kinds.join(', ')}; and what they say is true of every entry`, () => {
    const { tensors: observed, report } = parseObfuscation(phi).apply(tensors, 5);
    report.evidence.forEach((e, t) => {
      assert.deepEqual(holds(e), kinds);
      const [before, after] = [tensors[t]!.data, observed[t]!.data];
      const ratio = after[0]! / before[0]!;
      before.forEach((value, i) => {
        const seen = after[i]!;
        if (isExact(e)) assert.equal(seen, value);
        if (isExactToScale(e)) near(seen, ratio * value);
        if (isSparse(e)) assert.ok(seen === value || (seen === 0 && Math.abs(value) <= e.zeroTolerance));
        if (isBounded(e)) assert.ok(Math.abs(seen - value) <= evidence.halfWidth(e, seen, i) + 1e-6);
        if (keepsSigns(e)) assert.ok(seen * value >= 0, `${seen} for ${value}`);
      });
    });
  });

test('UNKNOWN is of no kind that an attack could rest on', () => {
  assert.deepEqual(holds(evidence.UNKNOWN), ['hidesScale']);
});

test('noise widens the tighter of both bounds, and none of it changes nothing', () => {
  const sparse = { ...evidence.EXACT, zeroTolerance: 2, noise: 3 };
  assert.deepEqual(evidence.noised(sparse, 4), { ...sparse, tolerance: 2, noise: 5, blurred: true });
  assert.equal(evidence.noised(sparse, 0), sparse);
});

test('perStep and scaled change sizes and nothing else', () => {
  const e = { tolerance: 1, zeroTolerance: 2, noise: 3, signOnly: true, scaleUnknown: true };
  assert.deepEqual(evidence.perStep(e, 5), { ...e, tolerance: 0.2, zeroTolerance: 0.4, noise: 0.6 });
  assert.deepEqual(evidence.scaled(e, 3), { ...e, tolerance: 3, zeroTolerance: 6, noise: 9 });
});

function near(got: number, wanted: number): void {
  assert.ok(Math.abs(got - wanted) <= 1e-6 * Math.abs(wanted), `got ${got}, wanted ${wanted}`);
}

test('evidenceFrom: what is not said is exact, and zeros have the bound of the others', () => {
  const tensor = { name: 't', shape: [2, 2], data: Float32Array.of(1, 0, -1, 2) };
  const of = (own: OwnEvidence) => evidenceFrom('own', own, tensor);
  assert.deepEqual(of({}), evidence.EXACT);
  assert.deepEqual(of({ tolerance: 0.5 }), { ...evidence.EXACT, tolerance: 0.5, zeroTolerance: 0.5 });
  assert.deepEqual(of({ zeroTolerance: 0.5, noise: 0.25 }), { ...evidence.EXACT, zeroTolerance: 0.5, noise: 0.25 });
  const each = of({ tolerance: [0.5, 0.25] });
  assert.deepEqual([each.tolerance, each.zeroTolerance], [0.5, 0.5]);
  assert.deepEqual([...each.each!.tolerance], [0.5, 0.25]);
});

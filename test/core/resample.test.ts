import assert from 'node:assert/strict';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { normalStream, uniformStream } from '../../src/core/random.js';
import { type ResampleMethod, resample, resampleAdjoint, resampleMatrix } from '../../src/core/resample.js';
import { fixture } from '../fixtures.js';

const METHODS: ResampleMethod[] = ['bicubic', 'bilinear', 'nearest', 'area'];

test('resample x4 bicubic gives the golden numbers to 1e-6', { skip: fixture.missing('bicubic.json') }, () => {
  const golden = fixture.read('bicubic.json');
  const [n, c, h, w] = golden.input;
  const random = uniformStream(golden.seed);
  const planes = ndarray([n * c, h, w, 1], random);
  const out = resample(planes, golden.output.shape.slice(2));
  for (const [index, value] of Object.entries(golden.output.at)) near(out.data[Number(index)]!, value as number, 1e-6);
  const rows = Array.from({ length: out.data.length / golden.row.length }, (_, r) => r * golden.row.length);
  const distance = (start: number) =>
    Math.max(...golden.row.map((value: number, i: number) => Math.abs(out.data[start + i]! - value)));
  assert.ok(Math.min(...rows.map(distance)) < 1e-6, 'the golden row is one of the rows');
  near(
    out.data.reduce((sum, x) => sum + x, 0),
    golden.output.sum,
    1e-6,
  );
});

for (const method of METHODS) {
  test(`resampleMatrix ${method}: every row sums to one`, () => {
    for (const [from, to] of [
      [8, 32],
      [32, 8],
      [7, 13],
      [13, 7],
      [1, 4],
    ] as const) {
      const matrix = resampleMatrix(from, to, method);
      for (let i = 0; i < to; i++)
        near(
          matrix.subarray(i * from, (i + 1) * from).reduce((a, b) => a + b, 0),
          1,
          1e-12,
        );
    }
  });

  test(`resampleAdjoint ${method}: <A x, y> = <x, A^T y>`, () => {
    const normal = normalStream(3);
    const x = ndarray([2, 5, 7, 3], normal);
    const y = ndarray([2, 11, 14, 3], normal);
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    near(dot(resample(x, [11, 14], method).data, y.data), dot(x.data, resampleAdjoint(y, [5, 7], method).data), 1e-5);
  });
}

function near(got: number, wanted: number, tolerance: number): void {
  assert.ok(Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted)), `got ${got}, wanted ${wanted}`);
}

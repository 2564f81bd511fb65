import assert from 'node:assert/strict';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { normalStream, uniformStream } from '../../src/core/random.js';
import { type ResampleMethod, resample, resampleAdjoint, resampleMatrix } from '../../src/core/resample.js';
import { goldens } from '../fixtures.js';

const METHODS: ResampleMethod[] = ['bicubic', 'bilinear', 'nearest', 'area'];

for (const { from, numbers } of goldens('bicubic')) {
  const { seed, input, output, row } = numbers;
  const [n, c, h, w] = input;
  const enlarged = () => resample(ndarray([n * c, h, w, 1], uniformStream(seed)), output.shape.slice(2));

  test(`resample x4 bicubic: entries and sum to 1e-6, ${from}`, () => {
    const { data } = enlarged();
    for (const [index, value] of Object.entries(output.at)) near(data[Number(index)]!, value as number, 1e-6);
    near(
      data.reduce((sum, x) => sum + x, 0),
      output.sum,
      1e-6,
    );
  });

  test(`resample x4 bicubic: row 17 of the last picture's third channel to 1e-6, ${from}`, () => {
    const at = (1 * c + 2) * output.shape[2] + 17;
    const { data } = enlarged();
    row.forEach((value: number, i: number) => {
      near(data[at * row.length + i]!, value, 1e-6);
    });
  });
}

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

import assert from 'node:assert/strict';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { deriveSeed, normalStream, uniformStream } from '../../src/core/random.js';
import type { NamedArray } from '../../src/core/types.js';
import { compile } from '../../src/engine/index.js';
import {
  RESTORER_STRIDE,
  restorerForward,
  restorerLabels,
  restorerSize,
  restorerWeights,
} from '../../src/models/restorer.js';
import { forEachEngine } from '../engines.js';

/** Weights that leave nothing at zero. */
const stirred = restorerWeights(1).map((p, k) => {
  const normal = normalStream(deriveSeed(9, k));
  return { ...p, data: p.data.map((value) => value + 0.03 * normal()) };
});

const pictures = (height: number, width: number) => ndarray([1, height, width, 3], uniformStream(4));

const run = async (
  image: ReturnType<typeof pictures>,
  label: number | undefined,
  weights: readonly NamedArray[] = stirred,
) => {
  const labels = restorerLabels([label]);
  const step = await compile((x, y, ...p) => restorerForward(p, x, y), [image, labels], { constants: weights });
  const [out] = await step.run(image, labels);
  step.dispose();
  return out!;
};

test('restorerWeights: 3 MB at most in half precision, the same seed the same bits', () => {
  assert.ok(2 * restorerSize() < 3e6, `${2 * restorerSize()} bytes`);
  assert.equal(
    restorerSize(),
    restorerWeights(1).reduce((sum, { data }) => sum + data.length, 0),
  );
  assert.deepEqual(restorerWeights(5)[0], restorerWeights(5)[0]);
  assert.notDeepEqual(restorerWeights(5)[0], restorerWeights(6)[0]);
});

forEachEngine(
  (name, setup) => {
    test(`restorerForward on ${name}: untrained it returns its input, at any size`, async () => {
      await setup();
      for (const image of [pictures(16, 24), pictures(32, 32)])
        assert.deepEqual((await run(image, 3, restorerWeights(1))).data, image.data);
    });

    test(`restorerForward on ${name}: every label has its own picture, "unknown" too`, async () => {
      await setup();
      const outs = await Promise.all([0, 9, undefined].map((label) => run(pictures(16, 16), label)));
      for (const [a, b] of [
        [0, 1],
        [0, 2],
        [1, 2],
      ] as const)
        assert.ok(outs[a]!.data.some((value, i) => Math.abs(value - outs[b]!.data[i]!) > 1e-3));
    });

    test(`restorerForward on ${name}: a picture moved by the stride gives the moved answer inside`, async () => {
      await setup();
      const [size, shift] = [152, RESTORER_STRIDE];
      const wide = pictures(size, size + shift);
      const part = (from: number) => {
        const out = ndarray([1, size, size, 3]);
        for (let y = 0; y < size; y++) {
          const row = (y * (size + shift) + from) * 3;
          out.data.set(wide.data.subarray(row, row + size * 3), y * size * 3);
        }
        return out;
      };
      const [left, right] = [await run(part(0), 2), await run(part(shift), 2)];
      // the network sees at most 69 pixels far: 2 x 2 cells, 3 convolutions of 3 x 3 there, 3 at half of that, 4 at a
      // quarter, and back
      const centre = (x: number) => ((size / 2) * size + x) * 3;
      for (let c = 0; c < 3; c++)
        assert.ok(Math.abs(left.data[centre(80) + c]! - right.data[centre(80 - shift) + c]!) < 1e-5);
    });
  },
  ['compiled', 'wasm'],
);

test('restorerLabels: one-hot rows with "unknown" last; refuses what is no class', () => {
  assert.deepEqual([...restorerLabels([1, undefined]).data].map(Number), [
    ...[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  ]);
  assert.throws(() => restorerLabels([10]), /labels must lie in 0\.\.9 or be undefined, got 10/);
  assert.throws(() => restorerLabels([1.5]), /got 1.5/);
});

/** A large dense update is compared part by part: the parts tell what the whole tells. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { DenseLayer } from '../../src/attacks/closed-form/head.js';
import { partsOf } from '../../src/attacks/closed-form/parts.js';
import { OBJECTIVES, type ObjectiveName, objectiveOfParts } from '../../src/attacks/search/objectives.js';
import { EXACT, rounded } from '../../src/core/evidence.js';
import { uniformStream } from '../../src/core/random.js';
import { start, tf } from '../../src/engine/index.js';

const layer = (rows: number, columns: number, evidence = EXACT) =>
  ({ weights: { rows, columns }, evidence }) as unknown as DenseLayer;

test('partsOf: one of a small update and where every entry has bounds of its own; else whole inputs', () => {
  assert.equal(partsOf(layer(2048, 1024)), 1);
  assert.equal(partsOf(layer(2049, 1024)), 5);
  assert.equal(partsOf(layer(2, 2 ** 22)), 2);
  const widths = new Float32Array(4096 * 1024).fill(0.1);
  assert.equal(partsOf(layer(4096, 1024, rounded(EXACT, widths, widths))), 1);
});

test('objectives: three parts of one tensor give the value of the whole', async () => {
  await start({ threads: 1 });
  const [rows, columns] = [6, 4];
  const uniform = uniformStream(3);
  const values = (zeros: number) =>
    Float32Array.from({ length: rows * columns }, () => (uniform() < zeros ? 0 : 2 * uniform() - 1));
  const [found, seen] = [values(0), values(0.4)];
  const pieces = (data: Float32Array, count: number) =>
    Array.from({ length: count }, (_, p) => {
      const height = rows / count;
      return tf.tensor(data.subarray(p * height * columns, (p + 1) * height * columns), [height, columns]);
    });
  const inParts = (name: ObjectiveName, count: number): number => {
    const [g, q] = [pieces(found, count), pieces(seen, count)];
    const about = {
      tolerance: q.map(() => tf.scalar(0.1)),
      zeroTolerance: q.map(() => tf.scalar(0.2)),
      squares: tf.scalar(seen.reduce((sum, x) => sum + x * x, 0)),
      magnitudes: tf.scalar(seen.reduce((sum, x) => sum + Math.abs(x), 0)),
    };
    return objectiveOfParts(name)(g, q, about).dataSync()[0]!;
  };
  for (const name of Object.keys(OBJECTIVES) as ObjectiveName[]) {
    const whole = inParts(name, 1);
    assert.ok(Math.abs(whole) > 1e-3, `${name}: nothing to compare`);
    assert.ok(
      Math.abs(inParts(name, 3) - whole) <= 1e-5 * Math.abs(whole),
      `${name}: ${inParts(name, 3)}, not ${whole}`,
    );
  }
});

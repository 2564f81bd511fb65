import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BFLOAT16, FLOAT16, FLOAT32, formatOf, halfStepsAbout, nearestIn } from '../../src/core/float-format.js';
import { uniformStream } from '../../src/core/random.js';

const stream = uniformStream(3);
const weights = Float32Array.from({ length: 500 }, () => (stream() - 0.5) * 10 ** (4 * stream() - 4));

test('numbers in float16 and bfloat16 are those of IEEE 754 and PyTorch', () => {
  // torch.tensor([0.1, 1/3, -1e-5, 1e-8, 2049]).half(), .bfloat16()
  const given = Float32Array.of(0.1, 1 / 3, -1e-5, 1e-8, 2049);
  const half = [0.0999755859375, 0.333251953125, -1.0013580322265625e-5, 0, 2048];
  const brain = [0.10009765625, 0.333984375, -1.0013580322265625e-5, 1.0011717677116394e-8, 2048];
  assert.deepEqual([...nearestIn(given, FLOAT16)], half);
  assert.deepEqual([...nearestIn(given, BFLOAT16)], brain);
  assert.deepEqual(nearestIn(given, FLOAT32), given);
});

for (const [name, format] of Object.entries({ BFLOAT16, FLOAT16, FLOAT32 }))
  test(`${name}: what is stored shows it, and lies within half a step`, () => {
    const stored = nearestIn(weights, format);
    assert.equal(formatOf(stored), format);
    assert.deepEqual(nearestIn(stored, format), stored, 'nothing is rounded twice');
    halfStepsAbout(stored, format).forEach((half, i) => {
      assert.ok(Math.abs(stored[i]! - weights[i]!) <= half, `${weights[i]}`);
    });
  });

test('zeros alone are in any format: the shortest', () => {
  assert.equal(formatOf(new Float32Array(4)), BFLOAT16);
});

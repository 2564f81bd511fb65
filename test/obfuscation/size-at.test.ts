import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalStream } from '../../src/core/random.js';
import { sizeAt } from '../../src/obfuscation/size-at.js';

test('sizeAt: at every place what sorting gives, several arrays, ties, both zeros, subnormals', () => {
  const normal = normalStream(6);
  const some = Float32Array.from({ length: 500 }, (_, i) => (i % 7 ? normal() : Math.round(normal())));
  const arrays = [some.subarray(3, 300), some, Float32Array.of(0, -0, 1e-42, -1e-42, 3e38), new Float32Array(0)];
  const sorted = Float32Array.from(arrays.flatMap((array) => [...array]).map(Math.abs)).sort();
  for (const [place, size] of sorted.entries()) assert.equal(sizeAt(arrays, place), size, `place ${place}`);
});

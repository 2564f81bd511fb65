import assert from 'node:assert/strict';
import test from 'node:test';
import { uniformStream } from '../../src/core/random.js';
import type { Obfuscation } from '../../src/core/types.js';
import { qsgd, sign, topK, uniformQuantizer } from '../../src/obfuscation/index.js';
import { goldens } from '../fixtures.js';
import { tensor } from './updates.js';

const cases: Record<string, Obfuscation> = {
  uniform3: uniformQuantizer({ bits: 3 }),
  uniform8: uniformQuantizer({ bits: 8 }),
  qsgd3: qsgd({ bits: 3 }),
  topK95: topK({ sparsity: 0.95 }),
  topK50: topK({ sparsity: 0.5 }),
  sign: sign(),
};

for (const { from, numbers } of goldens('obfuscations'))
  for (const [name, phi] of Object.entries(cases))
    test(`${phi.name} gives the numbers of ${name}, ${from}`, () => {
      const { range, gradient: seed, qsgdUniform } = numbers.seeds;
      const random = uniformStream(seed);
      const values = numbers[name].map(() => range[0] + (range[1] - range[0]) * random());
      const { tensors } = phi.apply([tensor('g', values)], qsgdUniform);
      assert.deepEqual(tensors[0]!.data, Float32Array.from(numbers[name]));
    });

import assert from 'node:assert/strict';
import test from 'node:test';
import { uniformStream } from '../../src/core/random.js';
import type { Obfuscation } from '../../src/core/types.js';
import { qsgd, sign, topK, uniformQuantizer } from '../../src/obfuscation/index.js';
import { fixture } from '../fixtures.js';
import { tensor } from './updates.js';

const cases: Record<string, Obfuscation> = {
  uniform3: uniformQuantizer({ bits: 3 }),
  uniform8: uniformQuantizer({ bits: 8 }),
  qsgd3: qsgd({ bits: 3 }),
  topK95: topK({ sparsity: 0.95 }),
  topK50: topK({ sparsity: 0.5 }),
  sign: sign(),
};

for (const [name, phi] of Object.entries(cases))
  test(`${phi.name} gives the golden numbers of ${name}`, { skip: fixture.missing('obfuscations.json') }, () => {
    const golden = fixture.read('obfuscations.json');
    const [low, high] = golden.seeds.range;
    const random = uniformStream(golden.seeds.gradient);
    const gradient = tensor(
      'g',
      golden[name].map(() => low + (high - low) * random()),
    );
    const { tensors } = phi.apply([gradient], golden.seeds.qsgdUniform);
    assert.deepEqual(tensors[0]!.data, Float32Array.from(golden[name]));
  });

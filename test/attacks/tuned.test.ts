/**
 * The numbers that the attacks were tuned to and that the README's quality table was measured with, by attack and phi.
 * They are no truth from outside: a change here wants `npm run quality` again. `ROGLAB_WRITE=1` writes
 * test/golden/tuned.json anew.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { start } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { type AttackName, attackBy } from '../../src/registry/index.js';
import { golden, root } from '../fixtures.js';

const model = lenet({ imageShape: [16, 16, 3], classes: 10, seed: 2 });
const PHIS = ['none', 'quantize:3', 'qsgd:3', 'topk:0.95', 'sign', 'noise:-10', 'clip:0.1'];
const ASKED: readonly (readonly [AttackName, readonly string[], readonly number[], object?])[] = [
  ['rog', PHIS, [1, 2], { method: 'matching' }],
  ['rog-paper', ['none', 'quantize:3'], [1]],
  ['closedForm', PHIS, [2, 3]],
  ['dlg', ['none'], [1]],
  ['dlg', ['none'], [1], { optimizer: 'adam' }],
  ['invertingGradients', ['none', 'quantize:3'], [1]],
  ['gradInversion', ['none'], [2]],
];
const KEPT = [
  'objective',
  'prior',
  'weight',
  'simulate',
  'stages',
  'box',
  'signed',
  'optimizer',
  'group',
  'seed',
  'restarts',
];

async function settingsOf(attack: AttackName, phi: string, batch: number, more: object): Promise<object> {
  const labels = Int32Array.from({ length: batch }, (_, i) => i);
  const images = ndarray([batch, 16, 16, 3], uniformStream(7));
  const update = await clientUpdate(model, { images, labels });
  const observed = observe(model, update, { obfuscation: parseObfuscation(phi), labels });
  // aborted before it begins: one closure, then the settings
  const { settings } = await attackBy(attack)(observed, { signal: AbortSignal.abort(), ...more });
  return JSON.parse(JSON.stringify(Object.fromEntries(KEPT.map((key) => [key, settings[key]]))));
}

const wanted = process.env.ROGLAB_WRITE ? {} : golden('tuned');
const written: Record<string, object> = {};

for (const [attack, phis, batches, more = {}] of ASKED)
  for (const phi of phis)
    for (const batch of batches) {
      const title = [attack, phi, `batch ${batch}`, ...Object.values(more)].join(', ');
      test(`tuned: ${title}`, async () => {
        await start();
        const found = await settingsOf(attack, phi, batch, more);
        if (process.env.ROGLAB_WRITE) written[title] = found;
        else assert.deepEqual(found, wanted[title]);
      });
    }

if (process.env.ROGLAB_WRITE)
  test.after(() => writeFileSync(join(root, 'test/golden/tuned.json'), `${JSON.stringify(written, null, 1)}\n`));

/** A stop that comes before a search: what there is, said, and no file spoilt. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { closedForm, rog } from '../../src/attacks/index.js';
import type { RunOptions } from '../../src/attacks/search/recipe.js';
import type { Reconstruction } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { attackAll } from '../../src/studies/index.js';

const folder = mkdtempSync(join(tmpdir(), 'roglab-stopped-'));
after(() => rmSync(folder, { recursive: true }));

await start();
const data = await openDataset('scenes', { size: 16 });
const layers = [
  { kind: 'conv', filters: 4, size: 3, stride: 2 },
  { kind: 'relu' },
  { kind: 'flatten' },
  { kind: 'dense', units: 40 },
  { kind: 'relu' },
  { kind: 'dense', units: 10 },
] as const;
const model = network({ name: 'small', imageShape: data.imageShape, classes: 10, layers, seed: 7 });
const update = await clientUpdate(model, data.batch({ size: 5, seed: 2, labels: 'any' }));
/** Its labels are counted by simulated clients. */
const seen = observe(model, update, { obfuscation: parseObfuscation('quantize:3') });
const iterations = 4;

const ATTACKS: Record<string, (run: RunOptions) => Promise<Reconstruction>> = {
  rog: (run) => rog(seen, { ...run, iterations }),
  'rog by matching': (run) => rog(seen, { ...run, iterations, method: 'matching' }),
  'rog by closed form': (run) => rog(seen, { ...run, iterations, method: 'closed-form' }),
  closedForm: (run) => closedForm(seen, { ...run, iterations }),
};

const soon = (ms: number): AbortSignal => {
  const control = new AbortController();
  setTimeout(() => control.abort(), ms);
  return control.signal;
};

for (const [name, attack] of Object.entries(ATTACKS))
  test(`${name}: stopped while labels are counted, it gives what there is; its checkpoint stays`, async () => {
    const checkpoint = join(folder, name);
    for (const signal of [AbortSignal.abort(), soon(20)]) {
      const { stopped, labels, labelSource, images, objective, closures } = await attack({ signal, checkpoint });
      assert.equal(stopped, 'cancelled');
      assert.equal(closures, name === 'rog' ? 0 : 1);
      assert.match(labelSource.method, /, at a stop$/);
      assert.equal(labels.length, 5);
      assert.ok(images.data.every((value) => value >= 0 && value <= 1) && Number.isFinite(objective));
      assert.equal(existsSync(checkpoint), false);
    }
    if (name === 'rog' || name === 'rog by closed form') return; // they go on to these two
    const options = { checkpoint, checkpointSeconds: 0 };
    const later = new AbortController();
    const part = await attack({ ...options, signal: later.signal, onProgress: () => later.abort() });
    assert.deepEqual([part.stopped, part.closures], ['cancelled', 1]);
    assert.doesNotMatch(part.labelSource.method, /stop/);
    const kept = readFileSync(checkpoint);
    assert.equal((await attack({ ...options, signal: AbortSignal.abort() })).stopped, 'cancelled');
    assert.deepEqual(readFileSync(checkpoint), kept);
    const [resumed, whole] = [await attack(options), await attack({})];
    assert.deepEqual([resumed.stopped, resumed.closures], ['finished', whole.closures]);
    assert.deepEqual(resumed.images.data, whole.images.data);
  });

test('attackAll: a stop is heard while a thread counts labels', async () => {
  const job = async () => ({ observation: seen, attack: 'rog' as const, options: { iterations } });
  const outcomes = await attackAll([job, job], { workers: 1, onError: 'keep', signal: soon(50) });
  assert.deepEqual([outcomes[0]!.result?.stopped, outcomes[0]!.result?.closures], ['cancelled', 0]);
  assert.match(outcomes[0]!.result!.labelSource.method, /, at a stop$/);
  assert.match(outcomes[0]!.error!.message, /aborted/);
  assert.equal(outcomes[1]!.result, undefined);
});

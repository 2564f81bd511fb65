import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCheckpoint, saveCheckpoint } from '../../src/assets/checkpoint.js';
import { saveSafetensors } from '../../src/assets/safetensors.js';
import { temporaryFolder } from './temporary.js';

const path = join(temporaryFolder(), 'run.checkpoint');
const settings = { attack: 'rog', iterations: 100, optimizer: { rate: 0.05 }, sizes: [8, 16], extra: undefined };
const state = {
  arrays: [{ name: 'latent', shape: [2], data: Float32Array.of(0.1, -0) }],
  numbers: { closure: 12, best: Number.POSITIVE_INFINITY, third: 1 / 3, history: [{ objective: Number.NaN }] },
};

test('loadCheckpoint is undefined without a file', async () => {
  assert.equal(await loadCheckpoint(path, settings), undefined);
});

test('saveCheckpoint, loadCheckpoint: every bit comes back, infinities and NaN too', async () => {
  await saveCheckpoint(path, { settings, state });
  assert.deepEqual(await loadCheckpoint(path, settings), state);
  await saveCheckpoint(path, { settings, state: { ...state, numbers: { closure: 13 } } });
  assert.deepEqual((await loadCheckpoint(path, settings))?.numbers, { closure: 13 });
});

test('loadCheckpoint accepts the same settings in another order and refuses others by name', async () => {
  const { attack, ...rest } = settings;
  assert.ok(await loadCheckpoint(path, { ...rest, attack }));
  await assert.rejects(
    loadCheckpoint(path, { ...settings, iterations: 200, optimizer: { rate: 0.1 }, seed: 3 }),
    new RegExp(
      'belongs to other settings: iterations was 100 and is 200, optimizer.rate was 0.05 and is 0.1, ' +
        'seed was not set and is 3; use',
    ),
  );
  await assert.rejects(loadCheckpoint(path, { ...settings, sizes: [8] }), /sizes was \[8, 16\] and is \[8\]/);
});

test('loadCheckpoint refuses damaged files and files of another kind', async () => {
  writeFileSync(`${path}.cut`, readFileSync(path).subarray(0, -3));
  await assert.rejects(loadCheckpoint(`${path}.cut`, settings), /truncated or corrupt/);
  await saveSafetensors(`${path}.weights`, state.arrays);
  await assert.rejects(
    loadCheckpoint(`${path}.weights`, settings),
    /must be a roglab checkpoint 1, got "another file"/,
  );
});

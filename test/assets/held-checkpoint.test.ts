import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { loadCheckpoint, previousOf, saveCheckpoint } from '../../src/assets/checkpoint.js';
import { holdCheckpoint } from '../../src/assets/held-checkpoint.js';
import { uniformStream } from '../../src/core/random.js';
import { temporaryFolder } from './temporary.js';

const root = temporaryFolder();
let count = 0;
const fresh = (): string => {
  mkdirSync(join(root, String(count)));
  return join(root, String(count++), 'run.checkpoint');
};
const settings = { attack: 'rog', iterations: 100 };
const stateOf = (step: number) => ({
  arrays: [{ name: 'latent', shape: [3], data: Float32Array.of(step, -0, 0.1) }],
  numbers: { step, best: Number.POSITIVE_INFINITY },
});

test('loadCheckpoint: a flipped bit is found; the generation before is taken, said aloud, put in place', async () => {
  const path = fresh();
  await saveCheckpoint(path, { settings, state: stateOf(1) });
  const first = readFileSync(path);
  await saveCheckpoint(path, { settings, state: stateOf(2) });
  const second = readFileSync(path);
  assert.deepEqual(readFileSync(previousOf(path)), first);
  const warning = mock.method(process, 'emitWarning', () => {});
  for (let bit = 0; bit < 8 * second.length; bit += 7) {
    const bent = Buffer.from(second);
    bent[bit >> 3]! ^= 1 << (bit & 7);
    writeFileSync(path, bent);
    writeFileSync(previousOf(path), first);
    assert.deepEqual(await loadCheckpoint(path, settings), stateOf(1), `bit ${bit}`);
    assert.deepEqual(readFileSync(path), first);
  }
  assert.match(String(warning.mock.calls[0]!.arguments[0]), /run.checkpoint.*; the checkpoint before it is taken/);
  warning.mock.restore();
  writeFileSync(path, second.subarray(0, -1));
  writeFileSync(previousOf(path), first.subarray(0, -1));
  await assert.rejects(loadCheckpoint(path, settings), /truncated or corrupt/);
});

test('loadCheckpoint: random damage of any kind never loads', async () => {
  const path = fresh();
  await saveCheckpoint(path, { settings, state: stateOf(7) });
  const good = readFileSync(path);
  const random = uniformStream(5);
  const below = (n: number): number => Math.floor(random() * n);
  for (let k = 0; k < 300; k++) {
    const bent = Buffer.from(good);
    for (let n = 0; n <= below(4); n++) bent[below(bent.length)] = below(256);
    if (bent.equals(good)) continue;
    writeFileSync(path, bent);
    await assert.rejects(loadCheckpoint(path, settings), { name: 'RoglabError' });
  }
});

test('loadCheckpoint: a deleted file starts again, whatever lies beside it; no checksum is refused', async () => {
  const path = fresh();
  await saveCheckpoint(path, { settings, state: stateOf(1) });
  await saveCheckpoint(path, { settings, state: stateOf(2) });
  rmSync(path);
  assert.equal(await loadCheckpoint(path, settings), undefined);
});

test('holdCheckpoint: two runs on one file: the second is refused at once', async () => {
  const path = fresh();
  const held = await holdCheckpoint(path);
  assert.equal(await held.load(settings), undefined);
  await assert.rejects(holdCheckpoint(path), /checkpoint: another run holds .*run.checkpoint \(process/);
  await held.save({ settings, state: stateOf(3) });
  await held.release();
  const next = await holdCheckpoint(path);
  await assert.rejects(next.load({ attack: 'dlg' }), /belongs to other settings: attack was "rog" and is "dlg"/);
  assert.deepEqual(await next.load(settings), stateOf(3));
  await next.release();
  assert.deepEqual(readdirSync(join(path, '..')), ['run.checkpoint']);
});

test('holdCheckpoint clears up what a kill left half-written', async () => {
  const path = fresh();
  writeFileSync(`${path}.0123.part`, 'half');
  await (await holdCheckpoint(path)).release();
  assert.deepEqual(readdirSync(join(path, '..')), []);
});

test('holdCheckpoint: a place that cannot be written is refused before the work', async (t) => {
  const path = join(fresh(), 'below a file', 'run.checkpoint');
  writeFileSync(join(path, '../..'), '');
  await assert.rejects(holdCheckpoint(path), /checkpoint: cannot write .*: a part of the path is a file; choose/);
  if (process.getuid?.() === 0) return t.diagnostic('root may write everywhere: no read-only folder to try');
  const shut = fresh();
  chmodSync(join(shut, '..'), 0o500);
  await assert.rejects(holdCheckpoint(shut), /no permission to write there/);
});

test('holdCheckpoint: a state that cannot be written is a warning, once, and the run goes on', async (t) => {
  const warning = mock.method(process, 'emitWarning', () => {});
  t.after(() => warning.mock.restore());
  const path = fresh();
  const held = await holdCheckpoint(path);
  await held.save({ settings, state: stateOf(1) });
  rmSync(join(path, '..'), { recursive: true });
  writeFileSync(join(path, '..'), 'now a file');
  await held.save({ settings, state: stateOf(2) });
  await held.save({ settings, state: stateOf(3) });
  assert.equal(warning.mock.callCount(), 1);
  assert.match(String(warning.mock.calls[0]!.arguments[0]), /cannot write .*the run goes on without a checkpoint/);
  rmSync(join(path, '..'));
  mkdirSync(join(path, '..'));
  await held.save({ settings, state: stateOf(4) });
  assert.deepEqual(await loadCheckpoint(path, settings), stateOf(4));
});

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isHeld, lockFile, waitForLock } from '../../src/assets/lock.js';
import { temporaryFolder } from './temporary.js';

const root = temporaryFolder();
let count = 0;
const fresh = (): string => {
  mkdirSync(join(root, String(count)));
  return join(root, String(count++), 'state');
};

test('lockFile: a second run on a file is refused at once, in the same process too; released, it is free', async () => {
  const path = fresh();
  const lock = await lockFile('test', path);
  await assert.rejects(lockFile('test', path), (error: Error) => {
    assert.match(
      error.message,
      new RegExp(`another run holds .*state \\(process ${process.pid} on .*delete .*state.lock`),
    );
    return isHeld(error);
  });
  await lock.release();
  await lock.release();
  assert.deepEqual(readdirSync(join(path, '..')), []);
  await (await lockFile('test', path)).release();
});

test('lockFile takes over what a killed process left, and what has the id of another process now', async () => {
  const path = fresh();
  const script = `import(${JSON.stringify(new URL('../../src/assets/lock.js', import.meta.url).href)})
    .then(({ lockFile }) => lockFile('test', ${JSON.stringify(path)}))
    .then(() => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  assert.ok(existsSync(`${path}.lock`));
  await (await lockFile('test', path)).release();
  if (!existsSync('/proc/self/stat')) return;
  const reused = { pid: process.pid, host: (await import('node:os')).hostname(), began: '1', run: 'x', since: 'then' };
  writeFileSync(`${path}.lock`, JSON.stringify(reused));
  await (await lockFile('test', path)).release();
});

test('lockFile does not take what lives, on this machine or another, or what it cannot read', async () => {
  const path = fresh();
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const host = (await import('node:os')).hostname();
  for (const text of [
    JSON.stringify({ pid: child.pid, host, began: '', run: 'x', since: 'then' }),
    JSON.stringify({ pid: 1, host: 'elsewhere', began: '1', run: 'x', since: 'then' }),
    'no JSON',
  ]) {
    writeFileSync(`${path}.lock`, text);
    await assert.rejects(lockFile('test', path), isHeld, text);
    assert.equal(readFileSync(`${path}.lock`, 'utf8'), text);
  }
  child.kill();
});

test('lockFile: of twenty runs that find a stale lock at once, one gets it', async () => {
  for (let round = 0; round < 10; round++) {
    const path = fresh();
    writeFileSync(
      `${path}.lock`,
      JSON.stringify({ pid: 2 ** 22 + 1, host: (await import('node:os')).hostname(), began: '', run: 'x' }),
    );
    const got = await Promise.allSettled(Array.from({ length: 20 }, () => lockFile('test', path)));
    const held = got.filter(({ status }) => status === 'fulfilled');
    assert.equal(held.length, 1);
    for (const outcome of got)
      if (outcome.status === 'rejected') assert.ok(isHeld(outcome.reason), String(outcome.reason));
    assert.deepEqual(readdirSync(join(path, '..')), ['state.lock']);
  }
});

test('waitForLock gets the file when the other is done, and can be cancelled', async () => {
  const path = fresh();
  const first = await lockFile('test', path);
  await assert.rejects(waitForLock('test', path, AbortSignal.timeout(50)));
  setTimeout(() => void first.release(), 100);
  await (await waitForLock('test', path)).release();
});

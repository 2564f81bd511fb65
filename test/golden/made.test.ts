import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { temporaryFolder } from '../assets/temporary.js';
import { golden, root } from '../fixtures.js';

const { PYTHON, ROGLAB_SLOW } = process.env;
const python = [PYTHON, 'python3', '/usr/bin/python3']
  .filter((path) => path !== undefined)
  .find((path) => spawnSync(path, ['-c', 'import torch']).status === 0);
const skip = python ? false : 'no Python with PyTorch: PYTHON=PATH names one';
const folder = temporaryFolder();

/** `updates` take half a minute. */
const small = ['mulberry32', 'bicubic', 'obfuscations', 'metrics', 'objectives', 'clients', 'layers', 'models'];
const names = [...small, ...(ROGLAB_SLOW ? ['updates'] : [])];

function same(got: unknown, wanted: unknown, where: string): void {
  if (/\.(float32Error|sum)/.test(where)) return; // rounding errors of the machine
  if (typeof wanted === 'number')
    assert.ok(Math.abs(Number(got) - wanted) <= 1e-8 * Math.abs(wanted) + 1e-12, `${where}: ${got}, not ${wanted}`);
  else if (wanted === null || typeof wanted !== 'object') assert.equal(got, wanted, where);
  else {
    assert.deepEqual(Object.keys(got as object), Object.keys(wanted), where);
    for (const [key, value] of Object.entries(wanted))
      same((got as typeof wanted)[key as never], value, `${where}.${key}`);
  }
}

test('make.py gives the committed golden numbers again', { skip }, async () => {
  const seed = String(golden('mulberry32').seed);
  const script = join(root, 'test/golden/make.py');
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', OMP_NUM_THREADS: '1' };
  const { status, stderr } = spawnSync(python!, [script, folder, seed, ...names], { env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  for (const name of names) same(JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')), golden(name), name);
});

/** A sweep much larger than memory, while the others of `npm run test:sweeps` wait for their workers. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { temporaryFolder } from '../assets/temporary.js';

const folder = temporaryFolder();

const heap = ['--max-old-space-size=96'];
test('100,000 cells planned, listed, half run, resumed and exported in 96 MB of heap', () => {
  const script = new URL('many-cells.js', import.meta.url).pathname;
  const run = (what: string): string => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...heap, script, folder, what], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    return stdout.trim();
  };
  const listed = run('list');
  assert.match(listed, /^100000 cells, 100000 ids/);
  console.log(`  ${listed}`);
  assert.match(run('half'), /^50\d{3} of 100000 done, stopped/);
  console.log(`  ${run('rest')}`);
  assert.match(run('rest'), /^100000 of 100000 done, 0 run/);
  assert.match(run('export'), /^100000 rows/);
});

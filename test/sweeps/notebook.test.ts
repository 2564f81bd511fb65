import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startKernel } from '../../src/notebook/kernel.js';
import { temporaryFolder } from '../assets/temporary.js';
import { NETWORK } from './small.js';

const library = fileURLToPath(new URL('../../src/index.js', import.meta.url));
const skip = process.platform === 'win32' ? 'Jupyter interrupts by signal elsewhere only' : false;
const folder = temporaryFolder();

test('in a notebook: Stop gives the partial table and the cell goes on; running it again computes the rest', {
  skip,
}, async (t) => {
  const kernel = await startKernel({ cwd: folder });
  t.after(() => kernel.stop());
  let pid = 0;
  /** Runs a cell; interrupts the kernel once its live view matches. */
  const run = async (code: string, at?: RegExp): Promise<{ said: string; view: string }> => {
    let [said, view, sent] = ['', '', false];
    const status = await kernel.execute(
      code,
      ({ type, content }) => {
        if (type === 'stream') said += content.text;
        view = (content?.data as Record<string, string> | undefined)?.['text/plain'] ?? view;
        if (!at || sent || !at.test(view)) return;
        sent = true;
        process.kill(pid, 'SIGINT');
      },
      120,
    );
    assert.equal(status, 'ok', said);
    return { said, view };
  };
  const begun = await run(`import * as rog from ${JSON.stringify(library)};
    const grid = { name: 'k', networks: ${JSON.stringify(NETWORK)} as any, 
      data: { name: 'scenes', size: 16 }, images: 20,
      phi: ['none', 'sign'], attacks: { name: 'rog' as const, iterations: 300 } };
    console.log('pid', process.pid);`);
  pid = Number(/pid (\d+)/.exec(begun.said)![1]);
  const stopped = await run(
    'const rows = await rog.sweep(grid, { workers: 1 }); console.log(rows.numRows());',
    /: [1-9]\d* of 40/,
  );
  const some = Number(stopped.said);
  assert.ok(some >= 1 && some < 40, stopped.said);
  assert.match(stopped.view, new RegExp(`^k: ${some} of 40 cells, stopped after `));
  const rest = await run('const all = await rog.sweep({ ...grid, images: 2 }, {}); console.log(all.numRows());');
  assert.equal(rest.said, '4\n');
  const next = await run("await null; console.log(rows.numRows(), process.listenerCount('SIGINT'));");
  assert.equal(next.said, `${some} 1\n`);
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { interrupts } from '../../src/engine/index.js';
import { type Kernel, startKernel } from '../../src/notebook/kernel.js';
import type { Message } from '../../src/notebook/wire.js';

const library = fileURLToPath(new URL('../../src/index.js', import.meta.url));
const skip = process.platform === 'win32' ? 'Jupyter interrupts by signal elsewhere only' : false;
/** tslab refuses what comes within 200 ms of a failed cell. */
const refusal = 400;

let folder: string;
let kernel: Kernel;
let pid: number;
before(async () => {
  if (skip) return;
  folder = mkdtempSync(join(tmpdir(), 'roglab-test-'));
  kernel = await startKernel({ cwd: folder });
  const cell = await run(`import * as rog from ${JSON.stringify(library)};
    await rog.start({ threads: 1 });
    const shelf = globalThis as any;
    const data = await rog.openDataset('scenes', { size: 16 });
    const model = rog.network({ name: 'tiny', imageShape: data.imageShape, classes: 10, layers: [{ kind: 'dense', units: 10 }] });
    const batch = data.batch({ size: 1 });
    const seen = rog.observe(model, await rog.clientUpdate(model, batch), { labels: batch.labels });
    const long = { iterations: 1e9, onProgress: ({ closure }: { closure: number }) => { if (closure === 3) console.log('third'); } };
    console.log('pid', process.pid, process.listenerCount('SIGINT'));`);
  assert.equal(cell.status, 'ok', cell.text());
  pid = Number(/pid (\d+) 1\n/.exec(cell.text())![1]);
});
after(() => {
  kernel?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

interface Cell {
  readonly status: 'ok' | 'error';
  readonly text: () => string;
}

/** Runs a cell, and interrupts the kernel once it has printed `at`. */
async function run(code: string, at?: string): Promise<Cell> {
  let said = '';
  let sent = false;
  const hear = ({ type, content }: Message): void => {
    if (type === 'stream') said += content.text;
    if (!at || sent || !said.includes(at)) return;
    sent = true;
    process.kill(pid, 'SIGINT');
  };
  const status = await kernel.execute(code, hear, 60);
  if (status === 'error') await sleep(refusal);
  return { status, text: () => said };
}

const left = `console.log('listeners', process.listenerCount('SIGINT'));`;

for (const round of ['first', 'second'])
  test(`an interrupt stops the running attack with the best so far, the kernel goes on (${round} time)`, {
    skip,
  }, async () => {
    const attack = await run('shelf.r = rog.rog(seen, long);\nawait shelf.r;', 'third');
    assert.equal(attack.status, 'error');
    assert.match(attack.text(), /Interrupted asynchronously/);
    const next = await run(
      `const { stopped, closures, images } = await shelf.r; console.log(stopped, closures, images.shape.join()); ${left}`,
    );
    assert.equal(next.status, 'ok', next.text());
    const [, closures] = /^cancelled (\d+) 1,16,16,3\nlisteners 1\n$/.exec(next.text()) ?? assert.fail(next.text());
    assert.ok(Number(closures) >= 3);
  });

test('one interrupt stops all attacks of a cell, those driven step by step too', { skip }, async () => {
  const attacks = await run(
    `shelf.all = Promise.all([rog.rog(seen, long), rog.dlg(seen, { iterations: 1e6 }), (async () => {
      const steps = rog.rogSteps(seen, { iterations: 1e9 });
      for (;;) { const { done, value } = await steps.next(); if (done) return value; }
    })()]);\nawait shelf.all;`,
    'third',
  );
  assert.match(attacks.text(), /third.*Interrupted asynchronously/s);
  const next = await run(`console.log((await shelf.all).map((r: any) => r.stopped).join()); ${left}`);
  assert.equal(next.text(), 'cancelled,cancelled,cancelled\nlisteners 1\n');
});

test('an interrupt ends a study: its workers stop, and the error says how far it came', { skip }, async () => {
  const trials = await run(
    `shelf.s = rog.study([1, 1e9, 1e9].map((iterations) => ({ model: model, batch: batch, phi: 'none', options: { iterations } })),
      { workers: 1, onDone: () => console.log('one done') }).catch((error: Error) => error.message);\nawait shelf.s;`,
    'one done',
  );
  assert.match(trials.text(), /one done.*Interrupted asynchronously/s);
  const next = await run(`console.log(await shelf.s); ${left}`);
  assert.equal(next.text(), 'attackAll: interrupted after 1 of 3 attacks\nlisteners 1\n');
});

test('outside a kernel nothing listens: Ctrl-C ends a program as ever', async () => {
  const interrupt = interrupts();
  await sleep(0);
  assert.equal(process.listenerCount('SIGINT'), 0);
  assert.equal(interrupt.hit(), false);
  interrupt.release();
  interrupt.release();
});

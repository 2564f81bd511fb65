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
    const layers: rog.Layer[] = [{ kind: 'dense', units: 10 }];
    const model = rog.network({ name: 'tiny', imageShape: data.imageShape, classes: 10, layers });
    const batch = data.batch({ size: 1 });
    const seen = rog.observe(model, await rog.clientUpdate(model, batch), { labels: batch.labels });
    const onProgress = ({ closure }: { closure: number }) => { if (closure === 3) console.log('third'); };
    const long = { iterations: 1e9, onProgress };
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

const left = `await null; console.log('listeners', process.listenerCount('SIGINT'));`;

for (const round of ['first', 'second'])
  test(`an interrupt stops the attack: its cell goes on with the best so far, so does the kernel (${round} time)`, {
    skip,
  }, async () => {
    const attack = await run(
      `const ${round} = await rog.rog(seen, long); console.log(${round}.stopped, ${round}.closures >= 3, ` +
        `${round}.images.shape.join());`,
      'third',
    );
    assert.deepEqual([attack.status, attack.text()], ['ok', 'third\ncancelled true 1,16,16,3\n']);
    const next = await run(`console.log(${round}.history.length === ${round}.closures); ${left}`);
    assert.equal(next.text(), 'true\nlisteners 1\n');
  });

test('one interrupt stops all attacks of a cell, those driven step by step too', { skip }, async () => {
  const attacks = await run(
    `const all = await Promise.all([rog.rog(seen, long), rog.attacks.dlg(seen, { iterations: 1e6 }), (async () => {
      const steps = rog.attacks.rogSteps(seen, { iterations: 1e9 });
      for (;;) { const { done, value } = await steps.next(); if (done) return value; }
    })()]); console.log(all.map((r: any) => r.stopped).join()); ${left}`,
    'third',
  );
  assert.equal(attacks.text(), 'third\ncancelled,cancelled,cancelled\nlisteners 1\n');
});

test('an interrupted cell begins no further attack: it ends, in one line; the next cell may', { skip }, async () => {
  const loop = await run(
    'for (const k of [1, 2, 3]) console.log(k, (await rog.rog(seen, { ...long, seed: k })).stopped);',
    'third',
  );
  const said = 'third\n1 cancelled\nRoglabError: rog: not begun, the cell was interrupted; run the cell again\n';
  assert.deepEqual([loop.status, loop.text()], ['error', said]);
  const next = await run('console.log((await rog.rog(seen, { iterations: 2 })).stopped)');
  assert.equal(next.text(), 'finished\n');
});

test('progress: the view of a stopped attack ends with what it returned', { skip }, async () => {
  const shows: string[] = [];
  const hear = ({ type, content }: Message): void => {
    if (!type.endsWith('display_data')) return;
    shows.push(String((content.data as Record<string, string>)['text/plain']));
    if (shows.length === 3) process.kill(pid, 'SIGINT');
  };
  const code = "await rog.rog(seen, { iterations: 1e9, onProgress: rog.progress('view', { interval: 20 }) });";
  assert.equal(await kernel.execute(code, hear, 60), 'ok');
  assert.match(shows[1]!, /^view: \d+\/1000000000 closures, objective \S+, \d+\.\d s, .* left$/);
  assert.match(shows.at(-1)!, /^view: stopped after \d+ of 1000000000 closures, objective \S+, \d+\.\d s$/);
  const late: string[] = [];
  await kernel.execute('await new Promise((done) => setTimeout(done, 100));', ({ type }) => late.push(type), 60);
  assert.deepEqual(
    late.filter((type) => type !== 'status' && type !== 'execute_input'),
    [],
  );
});

test('an interrupt ends a training with the weights of its last step', { skip }, async () => {
  const training = await run(
    `const fitted = await rog.train.fit({ name: 'line',
      parameters: [{ name: 'w', shape: [2, 1], data: new Float32Array(2) }],
      loss: ([w], [x]) => ({ loss: rog.tf.mean(rog.tf.squaredDifference(rog.tf.matMul(x, w), 1)) as any }),
      data: { size: 64, batch: (indices) => [rog.ndarray([indices.length, 2])] }, epochs: 1e6, batchSize: 8,
      onProgress: ({ step }) => { if (step === 5) console.log('fifth'); } });
    console.log(fitted.stopped, fitted.steps >= 5);`,
    'fifth',
  );
  assert.equal(training.text(), 'fifth\ncancelled true\n');
});

test('an interrupt ends a study: its workers stop, and the error says how far it came', { skip }, async () => {
  const trials = await run(
    // tslab does not find names of earlier cells in the short form { model }
    `const trial = { model: model, batch: batch, phi: 'none' };
     await rog.study([1, 1e9, 1e9].map((iterations) => ({ ...trial, options: { iterations } })),
      { workers: 1, onDone: () => console.log('one done') });`,
    'one done',
  );
  const said = 'one done\nRoglabError: attackAll: interrupted after 1 of 3 attacks\n';
  assert.deepEqual([trials.status, trials.text()], ['error', said]);
  assert.equal((await run(left)).text(), 'listeners 1\n');
});

test('a cell that waits for something else ends at once, and what it left running prints nothing more', {
  skip,
}, async () => {
  const waiting = await run(
    "setInterval(() => { console.log('tick'); rog.note('late'); }, 10); await new Promise(() => {});",
    'tick\ntick',
  );
  assert.equal(waiting.status, 'error');
  assert.match(waiting.text(), /^(tick\n)+Interrupted\.\n$/);
  const shown: string[] = [];
  await kernel.execute(
    "await new Promise((done) => setTimeout(done, 200)); console.log('only this');",
    ({ type, content }) => type === 'status' || type === 'execute_input' || shown.push(String(content.text)),
    60,
  );
  assert.deepEqual(shown, ['only this\n']);
});

test('a second interrupt ends a cell that waits for more than the attack', { skip }, async () => {
  const both = run(
    "await Promise.all([rog.rog(seen, long).then(() => console.log('attack over')), new Promise(() => {})]);",
    'third',
  );
  await sleep(1500);
  process.kill(pid, 'SIGINT');
  const { status, text } = await both;
  assert.deepEqual([status, text()], ['error', 'third\nattack over\nInterrupted.\n']);
});

test('outside a kernel nothing listens: Ctrl-C ends a program as ever', async () => {
  const interrupt = interrupts('test');
  await sleep(0);
  assert.equal(process.listenerCount('SIGINT'), 0);
  assert.equal(interrupt.hit(), false);
  interrupt.release();
  interrupt.release();
});

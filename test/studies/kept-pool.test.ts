import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { network } from '../../src/models/index.js';
import { study } from '../../src/studies/study.js';

await start();
const data = await openDataset('scenes', { size: 16 });
const layers = [{ kind: 'conv', filters: 4, size: 3 }, { kind: 'relu' }, { kind: 'dense', units: 10 }] as const;
const model = network({ name: 'm', imageShape: data.imageShape, classes: 10, layers });
const trial = { model, batch: data.batch({ size: 1 }), phi: 'quantize:3', options: { iterations: 3 } };
let begun = 0;
process.on('worker', () => begun++);

/** What a study gave, and how many threads were made for it. */
async function counted(trials: readonly object[] = [trial], options: object = {}) {
  const before = begun;
  const done = await study(trials as (typeof trial)[], { workers: 1, ...options }).catch((error) => error);
  return { done, threads: begun - before };
}

test('the threads of a study serve the next one, and the pictures are the same bits', async () => {
  const first = await counted();
  const other = await counted([{ ...trial, phi: 'sign' }]);
  const again = await counted();
  assert.deepEqual(
    [first, other, again].map(({ threads }) => threads),
    [1, 0, 0],
  );
  assert.deepEqual(again.done[0].result.images, first.done[0].result.images);
  assert.notDeepEqual(other.done[0].result.images, first.done[0].result.images);
});

test('other threads where their number or the environment is another, and after a stop', async () => {
  await counted();
  assert.equal((await counted([trial, trial], { workers: 2 })).threads, 2);
  process.env.ROGLAB_TEST_OF_POOL = '1';
  assert.equal((await counted([trial, trial], { workers: 2 })).threads, 2);
  delete process.env.ROGLAB_TEST_OF_POOL;
  const failed = await counted([{ ...trial, options: { iterations: 0 } }]);
  assert.match(failed.done.message, /^rog: iterations/);
  assert.equal((await counted()).threads, 1);
});

test('two studies at once have threads of their own', async () => {
  await counted();
  const before = begun;
  const [a, b] = await Promise.all([study([trial], { workers: 1 }), study([trial], { workers: 1 })]);
  assert.equal(begun - before, 1);
  assert.deepEqual(a[0]!.result.images, b[0]!.result.images);
});

test('waiting threads do not keep the process alive', () => {
  const source = new URL('../../src/', import.meta.url).href;
  const script = `import { openDataset } from '${source}data/index.js';
    import { lenet } from '${source}models/index.js';
    import { study } from '${source}studies/study.js';
    const data = await openDataset('scenes', { size: 16 });
    const model = lenet({ imageShape: data.imageShape, classes: data.classNames.length });
    const trial = { model, batch: data.batch({ size: 1 }), options: { iterations: 2 } };
    await study([trial], { workers: 1 });
    const last = performance.now();
    process.on('exit', (code) => console.log(code, performance.now() - last < 9000));`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(said.trim(), '0 true');
});

/** Nothing is told to anybody: no host is looked up, and no file is written outside our own cache. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { telemetryOff } from '../src/core/telemetry.js';
import { root } from './fixtures.js';
import { blind, watch } from './spy.js';

if (blind) console.log(`SKIPPED, native look-ups are not seen (files are): ${blind}`);

const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
  'dependencies' | 'optionalDependencies',
  Record<string, string>
>;
const at = (file: string): string => JSON.stringify(pathToFileURL(join(root, 'dist/src', file)).href);

/**
 * Long enough for a collector to be asked: ONNX Runtime looks it up nine seconds after it has written its first file.
 */
const LINGER = 'await new Promise((done) => setTimeout(done, 11_000));';

const LIBRARY = `import * as rog from ${at('index.js')};
await rog.start();
const data = await rog.openDataset('scenes', { size: 16 });
const batch = data.batch({ size: 1, seed: 7 });
const model = rog.lenet({ imageShape: data.imageShape, classes: 10, seed: 1 });
const update = await rog.clientUpdate(model, batch);
const seen = rog.observe(model, update, { obfuscation: rog.phi.sign(), labels: batch.labels });
const job = async () => ({ observation: seen, attack: 'rog', options: { iterations: 2 } });
await rog.attackAll([job, job], { workers: 2 });
rog.table([{ a: 1 }]);
rog.plot([{ x: [1, 2], y: [3, 4] }]);
${LINGER}`;

const DEPENDENCIES = `import { createRequire } from 'node:module';
import ${at('index.js')};
const require = createRequire(${at('index.js')});
for (const name of ${JSON.stringify(Object.keys({ ...dependencies, ...optionalDependencies }))})
  if (!/^(plotly|tslab)/.test(name)) await import(require.resolve(name)).catch(() => require(name));`;

const NOTEBOOK = `import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { runNotebooks, writePage } from ${at('notebook/index.js')};
const source = ${JSON.stringify(
  `import * as rog from ${JSON.stringify(join(root, 'dist/src/index.js'))};\nawait rog.start();\nconst model = ` +
    `rog.lenet({ imageShape: [16, 16, 3], classes: 10, seed: 1 });\nconst update = await rog.clientUpdate(model, ` +
    `(await rog.openDataset('scenes', { size: 16 })).batch({ size: 1, seed: 1 }));\nawait ` +
    'rog.rog(rog.observe(model, update), { iterations: 2 });',
)};
const cell = { cell_type: 'code', metadata: {}, source, outputs: [], execution_count: null };
const folder = mkdtempSync(tmpdir() + '/roglab-test-');
writeFileSync(folder + '/a.ipynb', JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 }));
const results = await runNotebooks({ files: [folder + '/a.ipynb'] });
if (results[0].failure) throw new Error(results[0].failure.message);
writePage(folder + '/index.html', results);
rmSync(folder, { recursive: true });`;

const cases: Record<string, string> = {
  'an attack, workers, table and chart': LIBRARY,
  'every dependency': DEPENDENCIES,
  'a notebook through the kernel, and its page': NOTEBOOK,
};

for (const [name, code] of Object.entries(cases))
  test(`${name}: looks up no host and leaves no file outside our cache`, () => {
    const { status, said, lookups, files } = watch(process.execPath, ['--input-type=module', '-e', code]);
    assert.equal(status, 0, said);
    assert.deepEqual(lookups, []);
    assert.deepEqual(
      files.filter((file) => !file.startsWith('.cache/roglab/')),
      [],
    );
  });

test('telemetryOff: in a worker thread only what the main thread set counts; without it nothing loads', async () => {
  assert.ok(telemetryOff({}, true));
  assert.ok(!telemetryOff({}, false) && telemetryOff({ ORT_DISABLE_TELEMETRY: '1' }, false));
  const code =
    `import(${at('engine/compiled/runtime.js')}).then(({ onnxAvailable }) => ` +
    `require('node:worker_threads').parentPort.postMessage(onnxAvailable()))`;
  const answer = (env: NodeJS.ProcessEnv): Promise<{ ok: boolean; why: string }> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(code, { eval: true, env });
      worker.once('message', resolve).once('error', reject);
    });
  const { ok, why } = await answer({});
  assert.ok(!ok);
  assert.match(why, /ORT_DISABLE_TELEMETRY=1/);
});

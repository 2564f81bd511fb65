import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { joined, type Output } from '../../src/notebook/format.js';
import { launcherPath } from '../../src/notebook/kernel.js';
import { type RunEvent, type RunResult, runNotebooks } from '../../src/notebook/run-notebooks.js';

const report = fileURLToPath(new URL('../../src/report/index.js', import.meta.url));
const notebooks: Record<string, string[]> = {
  '00-fine': [
    `import * as rog from ${JSON.stringify(report)};\nconst a = 1 + 1;\nconsole.log(a, ` +
      'process.env.ROGLAB_PROFILE, process.cwd());',
    "for (let i = 0; i < 20000; i++) console.log('line', i);",
    "const slot = rog.displaySlot();\nfor (let i = 0; i < 3000; i++) slot({ 'text/plain': 'update ' + i " +
      "});\nfor (let i = 0; i < 600; i++) rog.display({ 'text/plain': 'display ' + i });",
    "const report = rog.progress('quiet');\nfor (let i = 1; i <= 9; i++) report({ closure: i, total: 9, " +
      'objective: 1 / i, seconds: i, secondsLeft: 9 - i, images: () => ({ shape: [1, 2, 2, 3], data: new ' +
      "Float32Array(12) }) });\nconsole.error('careful');",
  ],
  '01-throws': [
    "console.log('before');",
    "function f(): number { throw new Error('no such phi: 17'); }\nf()",
    "console.log('never');",
  ],
  '02-type-error': ['const n: number = "three";'],
  '03-unhandled': ["void Promise.reject(new Error('lost'));\nawait new Promise((r) => setTimeout(r, 50));"],
  '04-endless': ['await new Promise((r) => setTimeout(r, 600000));', "console.log('never');"],
  '05-dies': ['process.exit(3)'],
};

let folder: string;
let results: Record<string, RunResult>;
const events: RunEvent[] = [];
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roglab-test-'));
  const files = Object.entries(notebooks).map(([name, cells]) => {
    const file = join(folder, `${name}.ipynb`);
    const content = cells.map((source) => ({
      cell_type: 'code',
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    }));
    writeFileSync(file, JSON.stringify({ cells: content, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
    return file;
  });
  const common = { outDir: join(folder, 'out'), root: folder, env: { ROGLAB_PROFILE: 'paper' } };
  const onProgress = (event: RunEvent) => events.push(event);
  const [endless, others] = [
    files.filter((file) => file.includes('endless')),
    files.filter((file) => !file.includes('endless')),
  ];
  const lists = await Promise.all([
    runNotebooks({ ...common, files: others, timeout: 60, onProgress }),
    runNotebooks({ ...common, files: endless, timeout: 3 }),
  ]);
  results = Object.fromEntries(lists.flat().map((result) => [result.name, result]));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const outputs = (name: string, cell: number): readonly Output[] => results[name]!.notebook.cells[cell]!.outputs!;
const text = (name: string, cell: number, stream = 'stdout'): string =>
  outputs(name, cell)
    .map((output) => (output.output_type === 'stream' && output.name === stream ? joined(output.text) : ''))
    .join('');

test('runNotebooks: prints, environment and working folder arrive; paths of the machine do not', () => {
  assert.equal(results['00-fine']!.failure, undefined);
  assert.equal(text('00-fine', 0), '2 paper .\n');
  assert.deepEqual(results['00-fine']!.noisy, [4]);
});

test('runNotebooks: 20,000 lines, 3,000 updates and 600 displays in bursts lose nothing', () => {
  const lines = text('00-fine', 1).trimEnd().split('\n');
  assert.equal(lines.length, 20_000);
  assert.ok(lines.every((line, i) => line === `line ${i}`));
  const shown = outputs('00-fine', 2).map((output) => 'data' in output && output.data['text/plain']);
  assert.deepEqual(shown, ['update 2999', ...Array.from({ length: 600 }, (_, i) => `display ${i}`)]);
});

test('runNotebooks: a progress view leaves one small output', () => {
  const [view, ...rest] = outputs('00-fine', 3).filter((output) => 'data' in output) as {
    data: Record<string, string>;
  }[];
  assert.equal(rest.length, 0);
  assert.match(view!.data['text/plain']!, /^quiet: 9\/9 closures/);
  assert.ok(view!.data['text/html']!.length < 6000);
});

test('runNotebooks: an error ends its notebook with an error output and one clear sentence', () => {
  assert.deepEqual(results['01-throws']!.failure, { cell: 2, message: 'no such phi: 17' });
  assert.equal(text('01-throws', 0), 'before\n');
  const error = outputs('01-throws', 1).at(-1)!;
  assert.ok(error.output_type === 'error' && error.evalue === 'no such phi: 17' && error.ename === 'Error');
  assert.deepEqual(outputs('01-throws', 2), []);
});

test('runNotebooks: type errors and unhandled rejections fail; time limit and death of a kernel are told apart', () => {
  const failure = (name: string) => `${results[name]!.failure?.cell} ${results[name]!.failure?.message}`;
  assert.match(
    failure('02-type-error'),
    /^1 TypeScript: line 1, column 7: Type 'string' is not assignable to type 'number'/,
  );
  assert.equal(failure('03-unhandled'), '1 lost');
  assert.equal(failure('04-endless'), '1 no end within 3 s (--timeout)');
  assert.match(failure('05-dies'), /^1 the kernel stopped \(exit code 3\)/);
});

test('runNotebooks: events tell the notebook, the cell and the time; executed files are written', () => {
  const told = events
    .filter(({ name }) => name === '00-fine')
    .map(({ state, cell, cells }) => `${state} ${cell}/${cells}`);
  assert.deepEqual(told, ['start 0/4', 'cell 1/4', 'cell 2/4', 'cell 3/4', 'cell 4/4', 'done 4/4']);
  const written = JSON.parse(readFileSync(join(folder, 'out', '01-throws.ipynb'), 'utf8'));
  assert.equal(written.metadata.kernelspec.name, 'roglab');
  assert.equal(written.metadata.language_info.name, 'typescript');
  assert.deepEqual(
    written.cells.map((cell: { execution_count: number | null }) => cell.execution_count),
    [1, 2, null],
  );
});

test('runNotebooks: refuses an unreadable notebook and an unknown option before anything runs', async () => {
  await assert.rejects(
    runNotebooks({ files: [join(folder, 'absent.ipynb')] }),
    /notebook: cannot read .*absent\.ipynb/,
  );
  await assert.rejects(
    runNotebooks({ files: [], timeuot: 3 } as never),
    /unknown option "timeuot"; did you mean "timeout"/,
  );
});

test('launcher: leaves when the process that started it is gone; with no connection file says so', async () => {
  const connection = join(folder, 'c.json');
  const ports = Object.fromEntries(['shell', 'iopub', 'stdin', 'control', 'hb'].map((name, i) => [`${name}_port`, i]));
  writeFileSync(connection, JSON.stringify({ transport: 'ipc', ip: join(folder, 's'), key: 'k', ...ports }));
  const code =
    `const k = require('node:child_process').spawn(process.execPath, ` +
    `${JSON.stringify([launcherPath(), connection])}, { stdio: 'ignore', env: { ...process.env, ` +
    'JPY_PARENT_PID: String(process.pid) } }); console.log(k.pid); setTimeout(() => process.kill(process.pid, ' +
    `'SIGKILL'), 2500);`;
  const parent = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
  await new Promise((resolve) => parent.once('exit', resolve));
  const alive = () => {
    try {
      process.kill(pid, 0);
      return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z');
    } catch {
      return false;
    }
  };
  for (let i = 0; i < 300 && alive(); i++) await sleep(100);
  assert.equal(alive(), false);
  const lost = spawn(process.execPath, [launcherPath()], { stdio: ['ignore', 'ignore', 'pipe'] });
  assert.match(
    String(await new Promise((resolve) => lost.stderr.once('data', resolve))),
    /started without a connection file/,
  );
});

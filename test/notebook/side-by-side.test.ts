/** Notebooks side by side: their order, their share of the cores, and a page that grows while they run. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { lineWriter } from '../../src/cli/run/line-writer.js';
import { liveReport } from '../../src/cli/run/live-report.js';
import { cores } from '../../src/core/cores.js';
import { joined } from '../../src/notebook/format.js';
import { growingPage, type RunEvent, runNotebooks } from '../../src/notebook/index.js';

const inFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-test-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const written = (folder: string, name: string, sources: readonly string[]): string => {
  const file = join(folder, `${name}.ipynb`);
  const cells = sources.map((source) => ({ cell_type: 'code', metadata: {}, source, outputs: [] }));
  writeFileSync(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  return file;
};

/** Waits in the kernel until a file is there. */
const until = (file: string) =>
  `while (!require('node:fs').existsSync(${JSON.stringify(file)})) await new Promise((r) => setTimeout(r, 20));`;
const touch = (file: string) => `require('node:fs').writeFileSync(${JSON.stringify(file)}, '');`;

test('runNotebooks with jobs 2: two run at once, one error ends one notebook, results keep the order', () =>
  inFolder(async (folder) => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    const files = [
      written(folder, '00-waits', [touch(a), until(b), 'console.log(process.env.ROGLAB_CORES);']),
      written(folder, '01-answers', [until(a), touch(b), 'throw new Error("here only");']),
      written(folder, '02-after', ['console.log(2);']),
    ];
    const ends: string[] = [];
    const onResult = ({ name }: { name: string }) => ends.push(name);
    const results = await runNotebooks({ files, jobs: 2, timeout: 60, onResult });
    assert.deepEqual(
      results.map(({ name, failure }) => [name, failure?.message]),
      [
        ['00-waits', undefined],
        ['01-answers', 'here only'],
        ['02-after', undefined],
      ],
    );
    assert.deepEqual([...ends].sort(), ['00-waits', '01-answers', '02-after']);
    const output = results[0]!.notebook.cells[2]!.outputs![0]!;
    const share = String(Math.max(1, Math.floor(cores() / 2)));
    assert.equal('text' in output ? joined(output.text).trim() : '', share);
    await assert.rejects(runNotebooks({ files, jobs: 0 }), /runNotebooks: jobs must be an integer from 1 to 16, got 0/);
  }));

test('cores: ROGLAB_CORES where it is a whole number above 0, else those of the machine', (t) => {
  const before = process.env.ROGLAB_CORES;
  t.after(() => {
    if (before === undefined) delete process.env.ROGLAB_CORES;
    else process.env.ROGLAB_CORES = before;
  });
  delete process.env.ROGLAB_CORES;
  const all = cores();
  assert.ok(all >= 1);
  const told: Record<string, number> = { '3': 3, '1': 1, '0': all, '-2': all, '1.5': all, many: all, '': all };
  for (const [text, count] of Object.entries(told)) {
    process.env.ROGLAB_CORES = text;
    assert.equal(cores(), count, text);
  }
});

const event = (name: string, state: RunEvent['state'], cell: number): RunEvent => ({
  ...{ name, state, cell, cells: 4, seconds: 1.25 },
});
const chapter = (name: string) => ({
  file: `${name}.ipynb`,
  ...{ name, seconds: 1, noisy: [] },
  notebook: {
    cells: [{ cell_type: 'markdown' as const, metadata: {}, source: `# Title of ${name}` }],
    ...{ metadata: {}, nbformat: 4, nbformat_minor: 5 },
  },
});

test('the page: absent before the first end, then whole, in order, reloading, with what runs; at last still', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'index.html');
    const report = liveReport(growingPage(file), (count) => `${count} of 3`);
    report.note(event('01-b', 'start', 0));
    report.stop();
    assert.ok(!existsSync(file));
    report.note(event('00-a', 'cell', 2));
    report.add(chapter('01-b'), 1);
    const early = readFileSync(file, 'utf8');
    assert.match(early, /<meta http-equiv="refresh" content="\d+">/);
    assert.match(early, /1 of 3 so far.*<li>00-a: cell 2\/4<\/li>/s);
    report.note(event('00-a', 'done', 4));
    report.add(chapter('00-a'), 0);
    report.stop();
    const halted = readFileSync(file, 'utf8');
    assert.match(halted, /2 of 3 until the interrupt/);
    assert.doesNotMatch(halted, /http-equiv="refresh"/);
    report.add(chapter('02-c'), 2);
    report.end();
    const page = readFileSync(file, 'utf8');
    const places = ['Title of 00-a', 'Title of 01-b', 'Title of 02-c'].map((title) => page.lastIndexOf(title));
    assert.deepEqual(
      [...places].sort((x, y) => x - y),
      places,
    );
    assert.doesNotMatch(page, /http-equiv="refresh"|so far/);
    assert.deepEqual(readdirSync(folder), ['index.html']);
  }));

test('lineWriter: a line a cell; on a terminal a line a notebook, and one of those at work', () => {
  const said = (terminal: boolean) => {
    const texts: string[] = [];
    const say = lineWriter((text) => texts.push(text), terminal);
    say(event('00-a', 'start', 0));
    say(event('01-b', 'start', 0));
    say({ ...event('00-a', 'cell', 1), stderr: 'careful\nmore' });
    say(event('00-a', 'done', 4));
    say(event('01-b', 'failed', 2));
    return texts;
  };
  const plain = said(false).join('').split('\n');
  assert.deepEqual(
    plain.map((line) => line.replace(/ +/g, ' ')),
    [
      '00-a cell 1/4 1.3 s',
      ' 00-a cell 1 wrote to stderr: careful',
      '00-a done, 4 cells 1.3 s',
      '01-b cell 2/4 1.3 s FAILED',
      '',
    ],
  );
  const live = said(true);
  assert.equal(live[1], '\r\u001b[K00-a starting 1 s | 01-b starting 1 s');
  assert.match(live[3]!, /00-a +done, 4 cells +1\.3 s\n01-b starting 1 s$/);
  assert.match(live[4]!, /FAILED\n$/);
});

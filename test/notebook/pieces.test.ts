import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Notebook, type Output, readNotebook, writeNotebook } from '../../src/notebook/format.js';
import { applyMessage, type Displays, hasUnhandled, withError } from '../../src/notebook/outputs.js';
import { highlight } from '../../src/notebook/page/code.js';
import { renderPage } from '../../src/notebook/page/index.js';
import { renderMarkdown } from '../../src/notebook/page/markdown.js';
import { renderOutput } from '../../src/notebook/page/output.js';
import { scrubAll, scrubber } from '../../src/notebook/scrub.js';
import { pack, unpack } from '../../src/notebook/wire.js';

const message = (type: string, content: object) => ({ type, id: '1', content: content as Record<string, unknown> });
const stderr = (text: string): Output[] => [{ output_type: 'stream', name: 'stderr', text }];

test('pack, unpack: a message comes back; a changed one and a foreign key are refused', () => {
  const frames = pack('key', 's', 'execute_request', { code: 'é' }, 'id-1' as never).map((frame) => Buffer.from(frame));
  assert.deepEqual(unpack('key', [Buffer.from('route'), ...frames]), {
    type: 'execute_request',
    id: 'id-1',
    parent: undefined,
    content: { code: 'é' },
  });
  assert.equal(unpack('other', frames), undefined);
  assert.equal(unpack('key', [...frames.slice(0, -1), Buffer.from('{"code":"rm"}')]), undefined);
  assert.equal(unpack('key', [Buffer.from('x')]), undefined);
});

test('applyMessage: streams join, displays update wherever they stand, clear waits when asked to', () => {
  const cell = { list: [] as Output[], clearNext: false };
  const displays: Displays = new Map();
  const apply = (type: string, content: object) => applyMessage(message(type, content), cell, displays);
  const shown = (text: string) => ({ data: { 'text/plain': text }, metadata: {}, transient: { display_id: 'd' } });
  apply('stream', { name: 'stdout', text: 'a' });
  apply('stream', { name: 'stdout', text: 'b' });
  apply('stream', { name: 'stderr', text: 'c' });
  apply('display_data', shown('first'));
  apply('status', { execution_state: 'busy' });
  assert.deepEqual(
    cell.list.map((output) => ('text' in output ? output.text : 'display')),
    ['ab', 'c', 'display'],
  );
  const later = { list: [] as Output[], clearNext: false };
  applyMessage(message('update_display_data', shown('second')), later, displays);
  assert.deepEqual((cell.list[2] as { data: object }).data, { 'text/plain': 'second' });
  assert.ok(!('transient' in cell.list[2]!) && later.list.length === 0);
  apply('clear_output', { wait: true });
  assert.equal(cell.list.length, 3);
  apply('stream', { name: 'stdout', text: 'new' });
  assert.equal(cell.list.length, 1);
  apply('clear_output', { wait: false });
  assert.equal(cell.list.length, 0);
});

test('withError: names the error, its text, and drops frames of node and the kernel', () => {
  const trace =
    'evalmachine.<anonymous>:3\nthrow new Error("x");\n^\n\nTypeError: no such phi\n    at f (evalmachine.' +
    '<anonymous>:3:22)\n    at g (file:///p/dist/src/a.js:1:2)\n    at node:vm:1:1\n';
  const { outputs, message: text } = withError(stderr(trace));
  assert.deepEqual(outputs, [
    {
      output_type: 'error',
      ename: 'TypeError',
      evalue: 'no such phi',
      traceback: ['TypeError: no such phi', '    at g (file:///p/dist/src/a.js:1:2)'],
    },
  ]);
  assert.equal(text, 'TypeError: no such phi');
  assert.equal(
    withError(stderr("3:7 - Type 'string' is not assignable to type 'number'.\n")).message,
    "TypeScript: line 3, column 7: Type 'string' is not assignable to type 'number'.",
  );
  assert.equal(withError(stderr('RoglabError: qsgd: bits must be 2\n')).message, 'qsgd: bits must be 2');
  assert.equal(withError([]).message, 'the cell failed without a message');
  assert.ok(hasUnhandled(stderr('UnhandledPromiseRejection: Error: x')) && !hasUnhandled(stderr('a warning')));
});

test('scrubber: folders of this machine become short words, pictures stay as they are', () => {
  const scrub = scrubber('/p/roglab', { '/p/data/cifar': 'DATA' });
  assert.equal(
    scrub('at file:///p/roglab/dist/a.js:1 and /p/roglab, not /p/roglab2'),
    'at ./dist/a.js:1 and ., not /p/roglab2',
  );
  assert.equal(scrub(`folder:/p/data/cifar in ${join(homedir(), '.cache')}`), `folder:DATA in ${join('~', '.cache')}`);
  const base64 = `iVBORw0KGgo${tmpdir()}/p/roglab/AAAA`;
  assert.deepEqual(scrubAll({ 'image/png': base64, n: 1, list: ['/p/roglab/x'] }, scrub), {
    'image/png': base64,
    n: 1,
    list: ['./x'],
  });
});

const notebook = (cells: Notebook['cells']): Notebook => ({ cells, metadata: {}, nbformat: 4, nbformat_minor: 4 });

test('readNotebook, writeNotebook: lines as the format keeps them, nothing half-written, faults named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-test-'));
  try {
    const file = join(folder, 'a.ipynb');
    const output: Output = { output_type: 'stream', name: 'stdout', text: 'a\nb' };
    writeNotebook(
      file,
      notebook([{ cell_type: 'code', metadata: {}, source: 'x\ny\n', outputs: [output], execution_count: 1 }]),
    );
    const [cell] = readNotebook(file).cells;
    assert.deepEqual(cell!.source, ['x\n', 'y\n']);
    assert.deepEqual(cell!.outputs, [{ ...output, text: ['a\n', 'b'] }]);
    assert.match(cell!.id!, /^[0-9a-f]{8}$/);
    assert.deepEqual(readdirSync(folder), ['a.ipynb']);
    assert.ok(readFileSync(file, 'utf8').endsWith('}\n'));
    writeFileSync(file, '{"cells": [');
    assert.throws(() => readNotebook(file), /a\.ipynb is not JSON/);
    writeFileSync(file, '{"nbformat": 3}');
    assert.throws(() => readNotebook(file), /must have nbformat 4, got 3; save it once in a recent Jupyter/);
    assert.throws(() => readNotebook(join(folder, 'b.ipynb')), /notebook: cannot read .*b\.ipynb/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('renderMarkdown: formulas become MathML, prices do not; links between notebooks stay on the page', () => {
  const { html, headings } = renderMarkdown(
    '# A *title* for $x$\n\nWeights $w_0$ cost $5 and $6.\n\n$$\\frac{a}{b}$$\n\n[next](01-more.ipynb), ' +
      '[web](https://a.b/?c=1&d)',
    'nb',
  );
  assert.match(html, /<msub><mi>w<\/mi><mn>0<\/mn><\/msub>/);
  assert.match(html, /cost \$5 and \$6\./);
  assert.match(html, /<math display="block".*<mfrac>/);
  assert.match(html, /<a href="#01-more">next<\/a>, <a href="https:\/\/a\.b\/\?c=1&d">web<\/a>/);
  assert.deepEqual(headings, [{ depth: 1, text: 'A title for x', id: 'nb-a-title-for-x' }]);
  assert.match(renderMarkdown('$\\notacommand{$').html, /notacommand/);
  for (const text of ['$x^$', '$x_$'])
    assert.deepEqual(renderMarkdown(text).faults, [
      `the formula ${text} cannot be read: something is missing in it, as after ^ or _`,
    ]);
});

test('highlight: marks words, strings, comments and numbers; everything else is only escaped', () => {
  assert.equal(
    highlight("const a = '<1'; // b < 2\nforever(3e-4)"),
    '<span class="word">const</span> a = <span class="string">\'&lt;1\'</span>; <span class="comment">// b ' +
      '&lt; 2</span>\nforever(<span class="number">3e-4</span>)',
  );
});

test('renderOutput: the richest form; long prints fold; terminal codes go', () => {
  const data = { 'text/plain': 'two "pixels"', 'image/png': 'AQID\n' };
  assert.equal(
    renderOutput({ output_type: 'display_data', data, metadata: { 'image/png': { width: 9 } } }),
    '<div class="shown"><img alt="two &quot;pixels&quot;" src="data:image/png;base64,AQID" width="9"></div>',
  );
  assert.match(
    renderOutput({ output_type: 'display_data', data: { ...data, 'text/html': ['<b>', 'x</b>'] }, metadata: {} }),
    /<b>x<\/b>/,
  );
  assert.match(
    renderOutput({ output_type: 'stream', name: 'stdout', text: 'line\n'.repeat(40) }),
    /^<details><summary>40 lines/,
  );
  assert.equal(
    renderOutput({ output_type: 'stream', name: 'stdout', text: 'old\rnew \u001b[31m<r>\u001b[0m\n' }),
    '<pre class="stdout">new &lt;r&gt;</pre>',
  );
  assert.equal(renderOutput({ output_type: 'display_data', data: { 'application/x': 1 }, metadata: {} }), '');
});

test('renderPage: stands alone, lists every notebook, says what failed', () => {
  const page = renderPage(
    [
      {
        file: 'n/00-a.ipynb',
        notebook: notebook([{ cell_type: 'markdown', metadata: {}, source: '# First\n\n## Set-up' }]),
        seconds: 75,
      },
      {
        file: 'n/01-b.ipynb',
        notebook: notebook([{ cell_type: 'code', metadata: {}, source: 'f()', outputs: [] }]),
        failure: { cell: 1, message: 'a <b>' },
      },
    ],
    { title: 'T', subtitle: 's' },
  );
  assert.ok(!/<link|<script|src="(?!data:)|@import|url\(/.test(page));
  assert.match(page, /<a href="#00-a">First<\/a><ol><li><a href="#00-a-set-up">Set-up<\/a>/);
  assert.match(page, /class="failed"><a href="#01-b">01-b<\/a>/);
  assert.match(page, /Cell 1 failed: a &lt;b&gt;/);
  assert.match(page, /ran in 1 min 15 s/);
});

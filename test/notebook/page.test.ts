import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Cell, Notebook, Output } from '../../src/notebook/format.js';
import { readNotebook } from '../../src/notebook/format.js';
import { applyMessage, withError } from '../../src/notebook/outputs.js';
import { highlight } from '../../src/notebook/page/code.js';
import { renderPage, writePage } from '../../src/notebook/page/index.js';
import { renderMarkdown } from '../../src/notebook/page/markdown.js';
import { renderOutput } from '../../src/notebook/page/output.js';
import { isSafeLink, sanitize } from '../../src/notebook/page/sanitize.js';
import { scrubber } from '../../src/notebook/scrub.js';
import { PIECES } from '../faults/pieces.js';
import { root } from '../fixtures.js';
import { hostileChapters, MARKUP } from './hostile.js';

const markdown = (source: string): Cell => ({ cell_type: 'markdown', metadata: {}, source });
const code = (outputs: readonly unknown[], source: unknown = 'f()'): Cell => ({
  cell_type: 'code',
  metadata: {},
  source: source as string,
  outputs: outputs as Output[],
});
const notebook = (cells: readonly unknown[]): Notebook => ({
  cells: cells as Cell[],
  metadata: {},
  nbformat: 4,
  nbformat_minor: 5,
});

/** Every tag of a page with its attributes, as a browser would cut it up. */
const tags = (html: string): { name: string; attributes: [string, string][] }[] =>
  [...html.matchAll(/<\/?([a-z][^\s/>]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/gi)].map(([, name, rest]) => ({
    name: name!.toLowerCase(),
    attributes: [...rest!.matchAll(/([^\s=/"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s]+))?/g)].map(([, key, value = '']) => [
      key!.toLowerCase(),
      value.replace(/^["']|["']$/g, ''),
    ]),
  }));

const LOADERS = ['iframe', 'object', 'embed', 'form', 'input', 'button', 'base', 'link', 'svg', 'animate', 'style'];

/** What of a page's body could run something or ask somebody. */
const dangers = (html: string): string[] =>
  tags(html).flatMap(({ name, attributes }) => [
    ...(LOADERS.includes(name) ? [`<${name}>`] : []),
    ...(name === 'script' && !attributes.some(([, value]) => value === 'application/json') ? ['<script>'] : []),
    ...attributes
      .filter(
        ([key, value]) =>
          /^on/.test(key) ||
          (key === 'href' && !isSafeLink(value)) ||
          (key === 'style' && /url\(|expression/i.test(value)),
      )
      .map(([key, value]) => `${name} ${key}=${value}`),
  ]);

test('sanitize: of every kind of hostile markup nothing is left that could run', () => {
  for (const [name, text] of Object.entries(MARKUP)) assert.deepEqual(dangers(sanitize(text)), [], name);
  const bodies = renderPage(hostileChapters()).replace(/^.*<\/style><\/head>/s, '');
  assert.deepEqual(
    dangers(bodies).filter((danger) => danger !== '<script>'),
    [],
  );
});

test('sanitize: what figures, tables and formulas are made of stays as it is', () => {
  for (const html of [
    '<table style="border-collapse:collapse; font-size:13px;"><tr><td style="text-align:right; ' +
      'white-space:nowrap;" colspan="2">1 &lt; 2 &amp; 3</td></tr></table>',
    '<div class="roglab-chart roglab-0a1b2c3d4e" style="max-width:720px;"><img alt="a &quot;b&quot;" ' +
      'width="7" height="8" src="data:image/svg+xml;base64,PHN2Zz4="></div>',
    '<math display="block" class="tml-display"><mrow><mi mathvariant="normal" class="tml-sml-pad">x</mi><mo ' +
      'stretchy="false">(</mo></mrow></math>',
    '<b>bold</b> <span style="opacity:0.75;">text</span><br><img alt="x" src="beside.png">',
  ])
    assert.equal(sanitize(html), html);
  assert.equal(sanitize('a < b and <3'), 'a &lt; b and &lt;3');
});

test('a formula may go on in the next line, not in the next paragraph; amounts of money are none', () => {
  const drawn = (text: string) => renderMarkdown(text).html.split('<math>').length - 1;
  assert.equal(drawn('of $-1, -\\tfrac23,\n\\dots, 1$ times, and $w_1 =\nw_0$.'), 2);
  assert.equal(drawn('a $x +\n\ny$ b'), 0);
  assert.equal(drawn('it costs $5,\nnot $6'), 0);
});

test('sanitize: what an output leaves open is closed, and it closes nothing that is not its own', () => {
  assert.equal(sanitize('</div></article><b>x'), '<b>x</b>');
  assert.equal(sanitize('<table><tr><td>a<td>b'), '<table><tr><td>a</td><td>b</td></tr></table>');
  assert.equal(sanitize('<details><p>a<p>b</details>c'), '<details><p>a</p><p>b</p></details>c');
});

test('links: http(s), places on the page and files beside it; no other scheme, however it is written', () => {
  for (const link of ['http://a.b', 'HTTPS://a.b/?q=x:y', '#here', 'b.html', './a/b', '../c?x=1#javascript:', 'a%zz'])
    assert.ok(isSafeLink(link), link);
  for (const link of [
    'javascript:1',
    ' javascript:1',
    'java\nscript:1',
    'jav\0ascript:1',
    '\u0001javascript:1',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:x',
    '//host/x',
    '\\\\host\\x',
    '/\\host',
    'mailto:a@b',
  ])
    assert.ok(!isSafeLink(link), link);
});

test('a page of committed notebooks has nothing to complain of, and each chart of ours is on it as data', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-test-'));
  try {
    const files = readdirSync(join(root, 'notebooks')).filter((file) => file.endsWith('.ipynb'));
    const chapters = files.map((file) => ({ file, notebook: readNotebook(join(root, 'notebooks', file)) }));
    const page = join(folder, 'index.html');
    assert.deepEqual(writePage(page, chapters), []);
    const charts = chapters
      .flatMap(({ notebook: { cells } }) => cells.flatMap(({ outputs = [] }) => outputs))
      .filter((output) => 'data' in output && output.data['application/vnd.plotly.v1+json']);
    assert.ok(charts.length > 10);
    assert.equal(readFileSync(page, 'utf8').split('<script type="application/json">').length - 1, charts.length);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the policy of the page: one script by its hash and what it loads, no host, no frames', () => {
  const page = renderPage([]);
  const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(page)![1]!;
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[\w+/]{43}=' 'strict-dynamic';/);
  assert.ok(!/unsafe-eval|https?:|\*/.test(policy));
  assert.ok(page.indexOf('http-equiv') < page.indexOf('<style>'), 'before anything it could hold back');
});

const slips: Record<string, unknown> = {
  'a link that is none': markdown('[a](b%zz)'),
  'a formula that is none': markdown('$x^$'),
  'a macro that grows': markdown(`$\\gdef\\x{${'y'.repeat(999)}}${'\\x'.repeat(999)}$`),
  'a tag that grows': markdown(`$$\\tag{${'y'.repeat(999)}}${'\\df@tag'.repeat(500)}$$`),
  'an unknown command in a block': markdown('$$\n\\nosuch{x}\n$$'),
  'a very long text': markdown('word '.repeat(10_000)),
  'quotes nested ten thousand deep': markdown('>'.repeat(10_000)),
  'no source': { cell_type: 'markdown', metadata: {} },
  'a source of numbers': { cell_type: 'code', metadata: {}, source: 7 },
  'no cell at all': null,
  'outputs that are no list': { cell_type: 'code', metadata: {}, source: '', outputs: 5 },
  'an output that is null': code([null]),
  'an error without a trace': code([{ output_type: 'error', ename: 'E', evalue: 'x' }]),
  'a picture that is no base64': code([{ output_type: 'display_data', data: { 'image/png': '<b>' }, metadata: {} }]),
  'a link in an output': code([{ output_type: 'display_data', data: { 'text/markdown': '[a](b%zz)' }, metadata: {} }]),
};

test('code that JupyterLab folds is folded on the page, what it shows is not', () => {
  const shows = [{ output_type: 'stream', name: 'stdout', text: 'shown' }];
  const folded = { ...code(shows, 'long()'), metadata: { jupyter: { source_hidden: true } } };
  const page = renderPage([{ file: 'a.ipynb', notebook: notebook([folded, code(shows, 'short()')]) }]);
  const [first, second] = page.split('<article')[1]!.split('short');
  assert.match(
    first!,
    /<details><summary>code<\/summary><pre class="code">.*long.*<\/pre><\/details><pre class="stdout">shown/s,
  );
  assert.equal(first!.split('<details>').length, 2);
  assert.doesNotMatch(second!, /<details>/);
});

test('one slip costs one cell: it is named in its place, the cells around it are shown', () => {
  for (const [name, cell] of Object.entries(slips)) {
    const folder = mkdtempSync(join(tmpdir(), 'roglab-test-'));
    try {
      const file = join(folder, 'index.html');
      const chapters = [
        { file: 'n/00-a.ipynb', notebook: notebook([markdown('*before*'), cell, markdown('*after*')]) },
      ];
      const faults = writePage(file, chapters);
      assert.deepEqual(
        faults.map(({ name: of, cell: at }) => `${of} ${at}`),
        ['00-a 2'],
        name,
      );
      const page = readFileSync(file, 'utf8');
      assert.match(page, /<em>before<\/em>[\s\S]*class="fault">[\s\S]*<em>after<\/em>/, name);
      assert.match(page, /class="failed"><a href="#00-a"/, 'the contents say it too');
      assert.deepEqual(readdirSync(folder), ['index.html']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
});

test('writePage: a folder that is not there is an error in words, and nothing is left beside it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-test-'));
  try {
    writeFileSync(join(folder, 'index.html'), 'old');
    assert.throws(() => writePage(join(folder, 'none', 'index.html'), []), /cannot write .*index\.html: /);
    assert.deepEqual(readdirSync(folder), ['index.html']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the page writer is linear: texts of 80,000 characters of every kind, wherever a text can stand', () => {
  const scrub = scrubber('/p/roglab');
  const output = (data: object): Output => ({
    output_type: 'display_data',
    data: data as Record<string, string>,
    metadata: {},
  });
  const ways: Record<string, (text: string) => unknown> = {
    highlight,
    sanitize,
    markdown: (text) => renderMarkdown(text),
    stream: (text) => renderOutput({ output_type: 'stream', name: 'stdout', text }),
    plain: (text) => renderOutput(output({ 'text/plain': text })),
    html: (text) => renderOutput(output({ 'text/html': text })),
    alt: (text) => renderOutput(output({ 'image/png': 'AAAA', 'text/plain': text })),
    scrub,
    error: (text) => withError([{ output_type: 'stream', name: 'stderr', text }]),
    message: (text) =>
      applyMessage(
        { type: 'stream', id: '1', content: { name: 'stdout', text } },
        { list: [], clearNext: false },
        new Map(),
      ),
  };
  const spent = (way: (text: string) => unknown, text: string): number => {
    const began = process.cpuUsage();
    way(text);
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1000;
  };
  const slow: string[] = [];
  for (const [name, way] of Object.entries(ways))
    for (const piece of PIECES) {
      const text = (length: number): string => piece.repeat(Math.ceil(length / piece.length));
      for (const [before, after] of [
        ['', ''],
        ['x ', ' x'],
        ['<p ', '">'],
      ] as const) {
        const once = (): number => spent(way, `${before}${text(80_000)}${after}`);
        // milliseconds of the processor, with a second chance; what grows with the square takes 5 seconds
        if (once() > 500 && once() > 500) slow.push(`${name} of ${JSON.stringify(before + piece)}`);
      }
    }
  assert.deepEqual(slow, []);
});

/** The site of `npm run docs`: whole, searchable, and every link leads somewhere. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import * as rog from '../../src/index.js';
import type { Notebook } from '../../src/notebook/format.js';
import { root } from '../fixtures.js';
import { brokenLinks, pagesOf } from './links.js';
import { guides, installed, makeSite, titleOf } from './make.js';
import { notebookDocument } from './notebook.js';

const folder = mkdtempSync(join(tmpdir(), 'roglab-site-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a link that leads nowhere is found: file, anchor, picture, a way out of the site', () => {
  const small = join(folder, 'small');
  mkdirSync(join(small, 'sub'), { recursive: true });
  const links = ['sub/b.html', 'sub/b.html#here', '#top', 'sub/b.html#gone', 'c.html', '../secret', 'https://a.org/x'];
  const body = links.map((href) => `<a href="${href}">x</a>`).join('');
  writeFileSync(join(small, 'a.html'), `<h1 id="top">a</h1>${body}<img alt="" src="no.png">`);
  writeFileSync(join(small, 'sub/b.html'), '<a name="here" href="../a.html">b</a>');
  const nowhere = ['sub/b.html#gone', 'c.html', '../secret', 'no.png'].map((to) => `a.html: ${to} leads nowhere`);
  assert.deepEqual(brokenLinks(small), nowhere);
});

test('a notebook as a page: text, formula, code, what was shown; pictures beside it', () => {
  const png = Buffer.from('not quite a picture').toString('base64');
  const output = { output_type: 'display_data' as const, metadata: {}, data: { 'image/png': png, 'text/plain': 'p' } };
  const said = { output_type: 'stream' as const, name: 'stdout' as const, text: 'a\n\nb\n' };
  const notebook: Notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: [
      { cell_type: 'markdown', metadata: {}, source: ['# A *title*\n', '\n', 'costs $x^2\ny$ and `$5$`'] },
      { cell_type: 'code', metadata: {}, source: 'const a = 1;', outputs: [said, output] },
    ],
  };
  const { title, markdown, pictures } = notebookDocument(notebook, '03-name.ipynb');
  assert.equal(title, '03 A title');
  assert.match(markdown, /costs <math>.*<msup>.*<\/math> and `\$5\$`/);
  assert.match(markdown, /```ts\nconst a = 1;\n```\n\n<div><pre class="stdout">a&#10;&#10;b<\/pre><\/div>/);
  const [[name, bytes]] = [...pictures] as [[string, Buffer]];
  assert.equal(bytes.toString(), 'not quite a picture');
  assert.ok(markdown.includes(`src="${name}"`) && /^03-[0-9a-f]{12}\.png$/.test(name), name);
});

/** The site of an `npm run docs` that found nothing wrong, as .ci/run calls it before the tests; else written here. */
const { ROGLAB_SITE: written } = process.env;
const site = written ? join(root, written) : join(folder, 'site');
const skip = installed() ? false : 'TypeDoc is not installed: `npm run docs` installs it in .docs';

test('npm run docs: no warning, no link that leads nowhere', { skip }, () => {
  if (!written) assert.deepEqual(makeSite(site), []);
  assert.ok(pagesOf(site).length > 300);
  assert.deepEqual(brokenLinks(site), []);
});

test('npm run docs: a page for every notebook and guide, with what the notebooks showed', { skip }, () => {
  const pages = readdirSync(join(site, 'documents')).map((name) => ({
    name,
    html: readFileSync(join(site, 'documents', name), 'utf8'),
  }));
  for (const file of readdirSync(join(root, 'notebooks')).filter((name) => name.endsWith('.ipynb'))) {
    const page = pages.find(({ name }) => name.startsWith(`${file.slice(0, 2)}_`));
    assert.match(page?.html ?? '', /<table|<img/, file);
  }
  for (const guide of guides()) {
    const title = titleOf(readFileSync(join(root, guide), 'utf8'));
    assert.ok(
      pages.filter(({ html }) => html.includes(`<title>${title} | roglab</title>`)).length === 1,
      `${guide}: ${title}`,
    );
  }
});

test('npm run docs: the search knows every name of every group, and the words of guides and notebooks', {
  skip,
}, () => {
  const [, packed] = /^window\.searchData = "(.*)"/.exec(readFileSync(join(site, 'assets/search.js'), 'utf8'))!;
  const { rows, index } = JSON.parse(inflateSync(Buffer.from(packed!, 'base64')).toString()) as {
    rows: { name: string }[];
    index: { invertedIndex: [string][] };
  };
  const known = new Set(rows.map(({ name }) => name));
  const groups = Object.values(rog).filter((value) => Object.prototype.toString.call(value) === '[object Module]');
  const names = groups.filter((group) => group !== rog.tf).flatMap((group) => Object.keys(group as object));
  assert.ok(names.length > 100);
  assert.deepEqual(
    names.filter((name) => !known.has(name)),
    [],
  );
  const words = new Set(index.invertedIndex.map(([word]) => word));
  for (const word of ['jupyterlab', 'accountant', 'tslab'])
    assert.ok(
      [...words].some((w) => w.startsWith(word)),
      word,
    );
});

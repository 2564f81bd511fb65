import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { joined, readNotebook, runNotebooks } from '../../src/notebook/index.js';
import { growingPage, renderPage, writePage } from '../../src/notebook/page/index.js';
import { root } from '../fixtures.js';
import { hostileChapters, MARKUP } from '../notebook/hostile.js';
import { launch, noChromium as skip } from './chromium.js';

if (skip) console.log(`SKIPPED, no browser test: ${skip}`);

const folder = join(root, 'results/browser-page');
let browser: Browser;
before(async () => {
  if (skip) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  browser = await launch();
});
after(() => browser?.close());

interface Visit {
  /** Names of the scripts that ran. */
  readonly ran: readonly string[];
  /** What was asked of a host, or of a file other than the page and plotly. */
  readonly asked: readonly string[];
}

/** Opens a file as a reader does, and touches everything on it. */
async function visit(file: string, name?: string, pause = 1000): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1240, height: 900 } });
  const page = await context.newPage();
  const asked: string[] = [];
  page.on('request', (request) => {
    if (!/^(?:file|data):/.test(request.url())) asked.push(request.url());
  });
  page.on('dialog', (dialog) => dialog.dismiss());
  await page.goto(pathToFileURL(file).href);
  await page.waitForTimeout(pause);
  const before = await ranOn(page);
  await page.evaluate(`for (const e of document.querySelectorAll('body *')) {
    for (const type of ['pointerenter', 'mouseover', 'focus', 'toggle']) e.dispatchEvent(new MouseEvent(type));
    if (e.matches('a[href]:not([href^="#"])')) {
      e.target = '';
      e.addEventListener('click', (event) => { if (!/^javascript:/i.test(e.protocol)) event.preventDefault() });
      e.click();
    }
    if (e.matches('form')) {
      e.addEventListener('submit', (event) => event.preventDefault());
      e.querySelector('button')?.click();
    }
  }`);
  await page.waitForTimeout(2 * pause);
  const after = await ranOn(page);
  if (name) await page.screenshot({ path: join(folder, `${name}.png`) });
  await context.close();
  return { ran: [...new Set([...before, ...after])], asked };
}

const ranOn = (page: Page): Promise<string[]> => page.evaluate<string[]>('window.ran ?? []');

const write = (name: string, html: string): string => {
  const file = join(folder, name);
  writeFileSync(file, html);
  return file;
};

const POLICY = /<meta http-equiv="Content-Security-Policy"[^>]*>/;

test('control: the same markup as it stands runs its script, so that the cases below mean something', {
  skip,
}, async () => {
  const ran = new Set<string>();
  const left = [...Object.values(MARKUP).entries()];
  const visits = async (): Promise<void> => {
    for (let next = left.pop(); next; next = left.pop()) {
      const [k, text] = next;
      const file = write(`raw-${k}.html`, `<!doctype html><body><div>${text}</div>`);
      for (const one of (await visit(file, undefined, 150)).ran) ran.add(`${k} ${one}`);
    }
  };
  await Promise.all(Array.from({ length: 4 }, visits)); // each waits most of its time
  assert.ok(ran.size >= 20, `${ran.size} of ${Object.keys(MARKUP).length}: ${[...ran].join()}`);
});

test('a page of hostile names, texts and outputs runs no script and asks no host', { skip }, async () => {
  const file = join(folder, 'hostile.html');
  writePage(file, hostileChapters(), { title: Object.values(MARKUP)[1]!, subtitle: Object.values(MARKUP)[0]! });
  assert.deepEqual(await visit(file, 'hostile'), { ran: [], asked: [] });
});

test('a page that grows loads itself anew: a new chapter comes, the reader stays where they were', {
  skip,
}, async () => {
  const file = join(folder, 'growing.html');
  const long = (name: string) => ({
    file: `${name}.ipynb`,
    notebook: {
      cells: [{ cell_type: 'markdown' as const, metadata: {}, source: `# ${name}\n\n${'a line\n\n'.repeat(80)}` }],
      ...{ metadata: {}, nbformat: 4, nbformat_minor: 5 },
    },
  });
  const growing = growingPage(file);
  growing.add(long('00-first'));
  growing.write({ running: ['01-second: cell 1/3'] });
  const page = await browser.newPage();
  await page.goto(pathToFileURL(file).href);
  assert.equal(await page.locator('.running li').innerText(), '01-second: cell 1/3');
  await page.evaluate('scrollTo(0, 700)');
  growing.add(long('01-second'));
  growing.write();
  await page.locator('article[id="01-second"]').waitFor({ timeout: 10_000 });
  assert.equal(await page.locator('.running').count(), 0);
  const moved = Math.abs((await page.evaluate<number>('scrollY')) - 700);
  assert.ok(moved < 60, `${moved} px off, more than the list of what ran`);
  const marked = await page.evaluate('window.mark = 1');
  await page.waitForTimeout(4000);
  assert.equal(await page.evaluate('window.mark'), marked, 'the finished page stays');
  await page.close();
});

/** The side of the largest square of white pixels; the middle of the diverging scale, #f7f7f7, is none. */
async function whiteSquare(png: Buffer): Promise<number> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  let above = new Uint16Array(info.width + 1);
  let most = 0;
  for (let y = 0; y < info.height; y++) {
    const row = new Uint16Array(info.width + 1);
    for (let x = 1; x <= info.width; x++) {
      const at = 3 * (y * info.width + x - 1);
      if (Math.min(data[at]!, data[at + 1]!, data[at + 2]!) < 250) continue;
      row[x] = 1 + Math.min(above[x]!, above[x - 1]!, row[x - 1]!);
      if (row[x]! > most) most = row[x]!;
    }
    above = row;
  }
  return most;
}

test('dark theme by pixel: no white box over 40x40 px around, in charts, tables, diagrams or grids', {
  skip,
}, async () => {
  const white = await sharp({ create: { width: 90, height: 60, channels: 3, background: '#fff' } })
    .png()
    .toBuffer();
  assert.equal(await whiteSquare(white), 60);
  const context = await browser.newContext({ viewport: { width: 1240, height: 2600 }, colorScheme: 'dark' });
  const page = await context.newPage();
  const names = readdirSync(join(root, 'notebooks')).filter((name) => name.endsWith('.ipynb'));
  for (const name of names) {
    const notebook = readNotebook(join(root, 'notebooks', name));
    const outputs = notebook.cells.flatMap(({ outputs = [] }) => outputs);
    for (const output of outputs) {
      const png = 'data' in output ? output.data['image/png'] : undefined;
      if (png === undefined) continue;
      const { data, info } = await sharp(Buffer.from(joined(png as string), 'base64'))
        .ensureAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const corners = [0, info.width - 1, info.width * (info.height - 1), info.width * info.height - 1];
      assert.deepEqual(
        corners.map((at) => data[4 * at + 3]),
        [0, 0, 0, 0],
        `${name}: a grid on a ground of its own`,
      );
    }
    const file = join(folder, 'dark.html');
    writePage(file, [{ file: name, notebook }]);
    await page.goto(pathToFileURL(file).href);
    // the photographs themselves may be white
    await page.addStyleTag({
      content: 'img[src^="data:image/png"]{visibility:hidden}html{scroll-behavior:auto!important}',
    });
    const height = await page.evaluate<number>('document.documentElement.scrollHeight');
    for (let top = 0; top < height; top += 2560) {
      await page.evaluate(`scrollTo(0, ${top})`);
      const most = await whiteSquare(await page.screenshot());
      assert.ok(most <= 40, `${name}: a white box of ${most} px below ${top} px`);
    }
  }
  await context.close();
});

test('each of the two guards holds alone: the text without the policy, the policy without the text', {
  skip,
}, async () => {
  const page = renderPage(hostileChapters());
  assert.match(page, POLICY);
  assert.deepEqual((await visit(write('no-policy.html', page.replace(POLICY, '')))).ran, []);
  const bare = renderPage([]).replace('</main>', `${Object.values(MARKUP).join('\n')}</main>`);
  assert.deepEqual((await visit(write('policy-only.html', bare))).ran, []);
});

test('a data folder of hostile names, through the kernel to the page: no script runs', { skip }, async () => {
  const work = mkdtempSync(join(tmpdir(), 'roglab-test-'));
  try {
    const [a, b, source] = ['img onerror', 'attribute break', 'script'].map((name) => MARKUP[name]!);
    const names = [a!, b!].map((name) => name.replaceAll('/', ' '));
    for (const name of names) {
      mkdirSync(join(work, 'data', name), { recursive: true });
      for (const k of [0, 1, 2]) cpSync(join(root, 'data/front.png'), join(work, 'data', name, `${k} ${names[0]}.png`));
    }
    writeFileSync(join(work, 'data/SOURCE.txt'), `${source}\n[x](javascript:window.ran=['source'])`);
    const cell = `import * as tslab from 'tslab';
import * as rog from ${JSON.stringify(join(root, 'dist/src/index.js'))};
const data = await rog.openDataset('folder:${work}/data', { size: 16 });
const batch = data.batch({ size: 2, seed: 1 });
console.log(data.source, batch.classNames, batch.source);
rog.note(data.source);
rog.table(data.classNames.map((name, i) => ({ name, i })), { title: data.source, note: data.source });
rog.imageGrid([batch.images], { rows: [data.classNames[0]], captions: [[...data.classNames]], title: data.source });
const bars = [{ x: data.classNames, y: [1, 2], type: 'bar' as const, name: data.classNames[0] }];
rog.plot(bars, { title: data.source, xaxis: { title: data.name } });
tslab.display.html(data.source);`;
    const content = {
      cells: [{ cell_type: 'code', metadata: {}, source: cell, outputs: [], execution_count: null }],
      metadata: {},
    };
    writeFileSync(join(work, 'a.ipynb'), JSON.stringify({ ...content, nbformat: 4, nbformat_minor: 5 }));
    const results = await runNotebooks({ files: [join(work, 'a.ipynb')] });
    assert.equal(results[0]!.failure, undefined);
    const file = join(folder, 'data.html');
    writePage(file, results);
    assert.ok(readFileSync(file, 'utf8').includes('roglab-chart'));
    assert.deepEqual(await visit(file, 'data'), { ran: [], asked: [] });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});

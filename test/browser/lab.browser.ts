import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { readNotebook } from '../../src/notebook/format.js';
import { writePage } from '../../src/notebook/page/index.js';
import { root } from '../fixtures.js';
import { changed, PICTURES, testFrontEnd } from './front-end-tests.js';
import { contrast, look, open } from './front-ends.js';
import { clear, openStage, results, type Stage, shootTall, skip } from './harness.js';

if (skip) console.log(`SKIPPED, no browser test: ${skip}`);

const folder = 'results/browser/lab';
let stage: Stage;
before(async () => {
  if (skip) return;
  clear(folder);
  stage = await openStage();
});
after(() => stage?.end());

testFrontEnd('JupyterLab', folder, () => stage);

test('JupyterLab: words in views and tables are readable in the light and in the dark theme', { skip }, async () => {
  const { address, token } = stage.server;
  const setting = `${address}lab/api/settings/@jupyterlab/apputils-extension:themes?token=${token}`;
  for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
    const answer = await fetch(setting, { method: 'PUT', body: JSON.stringify({ raw: JSON.stringify({ theme }) }) });
    assert.ok(answer.ok, `${answer.status}`);
    changed(folder, 'JupyterLab', 'theme.ipynb');
    const { page } = await open(stage, 'JupyterLab', 'theme.ipynb', folder);
    await page.waitForTimeout(1500);
    assert.equal(await page.locator('body').getAttribute('data-jp-theme-light'), String(theme.endsWith('Light')));
    const least = await contrast(page);
    assert.ok(least >= 4.5, `${theme}: ${least}`);
    if (theme.endsWith('Dark')) await shootTall(page, 'dark', 5600);
    await page.context().close();
  }
  await fetch(setting, { method: 'PUT', body: JSON.stringify({ raw: '{}' }) });
});

test("exported HTML from disk: nbconvert's page and that of npm start show every figure, charts live near plotly", {
  skip,
}, async () => {
  const { python, env } = stage.environment;
  const notebook = join(root, folder, 'jupyterlab.ipynb');
  const converted = spawnSync(python, ['-m', 'nbconvert', '--to', 'html', '--output-dir', results, notebook], {
    env,
    encoding: 'utf8',
  });
  assert.equal(converted.status, 0, converted.stderr);
  const beside = join(root, 'results/browser-nbconvert.html');
  copyFileSync(join(results, 'jupyterlab.html'), beside);
  const own = join(root, 'results/browser-page.html');
  const result = { file: notebook, name: '00-start', notebook: readNotebook(notebook), seconds: 10, noisy: [] };
  writePage(own, [result], { title: 'roglab', subtitle: 'browser test' });
  const page = await stage.page();
  const visit = async (file: string, hover: boolean, name: string) => {
    await page.goto(pathToFileURL(file).href, { waitUntil: 'domcontentloaded' });
    await page.waitForTimeout(1500);
    if (hover) {
      await page.locator('.roglab-chart').first().hover();
      await page.locator('.js-plotly-plot svg .trace').first().waitFor({ state: 'attached' });
    }
    await shootTall(page, name, 5200);
    return look(page);
  };
  const far = await visit(join(results, 'jupyterlab.html'), false, 'nbconvert');
  assert.deepEqual([far.broken, far.charts, far.pictures.length], [[], 0, PICTURES]);
  const near = await visit(beside, false, 'nbconvert-live');
  assert.deepEqual([near.broken, near.charts, near.pictures.length], [[], 1, PICTURES - 1]);
  const ours = await visit(own, true, 'page');
  assert.deepEqual([ours.broken, ours.charts, ours.pictures.length], [[], 1, PICTURES - 1]);
  assert.ok(near.traces > 60 && ours.traces > 60);
  rmSync(beside);
  rmSync(own);
  await page.context().close();
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { workingCopies } from '../../src/cli/lab/copies.js';
import { root } from '../fixtures.js';
import { open } from './front-ends.js';
import { openStage, type Stage, skip } from './harness.js';

if (skip) console.log(`SKIPPED, no browser test: ${skip}`);

/** A project as a reader has it, out of the way of this checkout's own copies. */
const project = join(root, 'results/browser-project');
const originals = join(project, 'notebooks');
const copies = join(project, 'lab');

let stage: Stage;
before(async () => {
  if (skip) return;
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project, { recursive: true });
  cpSync(join(root, 'notebooks'), originals, { recursive: true });
  for (const name of ['data', 'node_modules']) symlinkSync(join(root, name), join(project, name));
  assert.deepEqual(await workingCopies(originals, copies), []);
  stage = await openStage(project, 8960);
});
after(() => stage?.end());

const hashes = (folder: string): string[] =>
  (readdirSync(folder, { recursive: true }) as string[])
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile() && !file.includes('.ipynb_checkpoints'))
    .map((file) => `${file} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`)
    .sort();

test('JupyterLab: a reader edits, runs and saves his copy; data and links are found there; originals stay', {
  skip,
}, async () => {
  const before = hashes(originals);
  const name = '02-quantization-and-sparsification.ipynb';
  const desk = await open(stage, 'JupyterLab', name, 'lab');
  await desk.run(0);
  await desk.ended(0, 1);
  const code = desk.page.locator('.jp-CodeCell');
  await code.nth(0).locator('.cm-content').click();
  await desk.page.keyboard.press('Control+End');
  await desk.page.keyboard.type(
    " console.log('by the reader', (await import('node:fs')).existsSync('../data/paper.json'));",
  );
  await desk.run(0);
  await desk.ended(0, 2);
  assert.match(await desk.outputs.nth(0).innerText(), /by the reader true/);
  await desk.save();
  assert.match(readFileSync(join(copies, name), 'utf8'), /by the reader true/);
  assert.deepEqual(hashes(originals), before);
  await desk.page.context().close();

  const linked = await open(stage, 'JupyterLab', '10-sweeps.ipynb', 'lab');
  await linked.page.locator('.jp-RenderedMarkdown a', { hasText: 'Notebook 02' }).first().click();
  await linked.page
    .locator('.lm-TabBar-tab.lm-mod-current', { hasText: name.slice(0, 12) })
    .first()
    .waitFor();
  await linked.page.context().close();
  assert.deepEqual(hashes(originals), before);
});

test('JupyterLab: an original that a reader opens all the same is not saved to, and he is told why', {
  skip,
}, async () => {
  const before = hashes(originals);
  const desk = await open(stage, 'JupyterLab', '00-start.ipynb', 'notebooks');
  await desk.page.locator('.jp-CodeCell .cm-content').first().click();
  await desk.page.keyboard.type('// changed\n');
  const answer = desk.page.waitForResponse((r) => r.url().includes('/api/contents/') && r.request().method() === 'PUT');
  await desk.page.keyboard.press('Control+s');
  assert.equal((await answer).status(), 403);
  await desk.page.locator('.jp-Dialog', { hasText: 'work in lab/' }).waitFor();
  assert.deepEqual(hashes(originals), before);
  await desk.page.context().close();
});

/** What every front end of Jupyter must show of a notebook. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readNotebook, writeNotebook } from '../../src/notebook/format.js';
import { root } from '../fixtures.js';
import { type Desk, type KINDS, look, open, watchProgress } from './front-ends.js';
import { type Stage, shoot, shootTall, skip } from './harness.js';

export type FrontEnd = keyof typeof KINDS;

const short = (name: string): string => name.replaceAll(' ', '-').toLowerCase();

/** 00-start without its outputs; how many cells of code it has. */
function copyStart(folder: string, file: string): number {
  const notebook = readNotebook(join(root, 'notebooks/00-start.ipynb'));
  const cells = notebook.cells.map((cell) => (cell.outputs ? { ...cell, outputs: [], execution_count: null } : cell));
  writeNotebook(join(root, folder, file), { ...notebook, cells });
  return cells.filter(({ cell_type }) => cell_type === 'code').length;
}

function write(folder: string, file: string, sources: readonly string[]): void {
  const cells = sources.map((source) => ({
    cell_type: 'code',
    metadata: {},
    source,
    outputs: [],
    execution_count: null,
  }));
  const kernelspec = { name: 'roglab', display_name: 'roglab (TypeScript)', language: 'typescript' };
  const notebook = { cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 4 };
  writeFileSync(join(root, folder, file), JSON.stringify(notebook));
}

const setup = `import * as rog from 'roglab';
await rog.start();
const data = await rog.openDataset('scenes');
const batch = data.batch({ size: 1, seed: 7 });
const model = rog.lenet({ imageShape: data.imageShape, classes: 10, seed: 1 });
const update = await rog.clientUpdate(model, batch);
const see = (obfuscation: rog.Obfuscation) => rog.observe(model, update, { obfuscation, labels: batch.labels });
const seen = see(rog.uniformQuantizer({ bits: 3 }));`;
const attack = `const onProgress = rog.progress('3 bits', { scores: rog.studies.liveScores(batch) });
const result = await rog.rog(seen, { iterations: 20_000, onProgress });
console.log(result.stopped, result.closures, result.images.shape.join('x'));
rog.imageGrid([batch.images, result.images], { rows: ['private', 'rebuilt'] });`;
const two = `const [left, right] = rog.progress(['3 bits', 'signs'], { scores: rog.studies.liveScores(batch) });
const both = await Promise.all([
  rog.rog(seen, { iterations: 60, onProgress: left }),
  rog.rog(see(rog.phi.sign()), { iterations: 60, onProgress: right }),
]);
console.log(both.map(({ stopped }) => stopped).join());`;
const lines = "for (let i = 0; i < 20_000; i++) console.log('line', i);";
const unfinished = 'rog.image';
const updates = "const count = rog.counter('burst', 0);\nfor (let i = 1; i <= 3000; i++) count(i, 3000);";

/** Every figure of 00-start: five grids and views as pictures, one live chart with both of its series. */
async function sees(desk: Desk, name: string): Promise<void> {
  const sight = await look(desk.page);
  assert.deepEqual([sight.broken, sight.charts], [[], 1], name);
  assert.ok(sight.traces > 60, `${name}: ${sight.traces} bars and points`);
  assert.ok(sight.pictures.length >= 5, `${name}: ${sight.pictures.length} pictures`);
  assert.ok(
    sight.pictures.every(({ colours }) => colours > 8),
    `${name}: ${JSON.stringify(sight.pictures)}`,
  );
  assert.equal(await desk.page.locator('[data-mime-type="application/vnd.jupyter.stderr"], .output_stderr').count(), 0);
}

/** Everything that 00-start shows as pictures: diagram, four grids, the view's two, and the chart unless it is live. */
export const PICTURES = 7;

/** The notebook that the first test saved, changed outside Jupyter: its signature is no longer that of the file. */
export function changed(folder: string, name: FrontEnd, file: string): void {
  const notebook = readNotebook(join(root, folder, `${short(name)}.ipynb`));
  writeNotebook(join(root, folder, file), { ...notebook, metadata: { ...notebook.metadata, changed: 'elsewhere' } });
}

/** @param folder where the notebooks being worked on lie, as Jupyter names it */
export function testFrontEnd(name: FrontEnd, folder: string, stage: () => Stage): void {
  test(`${name}: 00-start finds its kernel and runs from top to bottom, with live progress, chart and grids`, {
    skip,
  }, async () => {
    const file = `${short(name)}.ipynb`;
    const cells = copyStart(folder, file);
    const desk = await open(stage(), name, file, folder);
    assert.equal(await desk.page.locator('.jp-Dialog, .modal.in').count(), 0, 'no question is asked');
    const seen = await watchProgress(desk.page);
    await desk.runAll();
    await desk.ended(cells - 1, cells);
    await desk.page.locator('.js-plotly-plot svg .trace').first().waitFor({ state: 'attached' });
    const counts = await seen();
    assert.ok(counts.length >= 4 && counts.every((n, i) => i === 0 || n > counts[i - 1]!), counts.join());
    await sees(desk, name);
    if (name === 'JupyterLab') {
      await desk.runAll();
      await desk.ended(cells - 1, 2 * cells);
      await sees(desk, 'again in the same kernel');
    }
    await desk.save();
    await shootTall(desk.page, short(name), 5600);
    await desk.page.context().close();
  });

  test(`${name}: Stop in mid-attack gives the best so far; the kernel goes on, the next cell is clean`, {
    skip,
  }, async () => {
    const file = `stop-${short(name)}.ipynb`;
    write(folder, file, [setup, attack, "console.log('clean');", two, lines, updates, unfinished]);
    const desk = await open(stage(), name, file, folder);
    await desk.run(0);
    await desk.ended(0, 1);
    await desk.run(1);
    const view = desk.outputs.nth(1);
    await view.filter({ hasText: /[2-9]\d\/20000 closures, .*PSNR .* left/ }).waitFor();
    await shoot(desk.page, `running-${short(name)}`);
    await desk.stop();
    await desk.ended(1, 2, 30);
    const said = await view.innerText();
    assert.match(
      said,
      new RegExp(
        'stopped after \\d+ of 20000 closures, objective [\\d.]+, PSNR [\\d.]+ dB, SSIM [\\d.]+, [\\d.]+ s' +
          '\\s+cancelled \\d+ 1x32x32x3',
      ),
    );
    const { pictures } = await look(desk.page);
    assert.equal(pictures.length, 3, 'curve, thumbnail and grid');
    const tops = await Promise.all([0, 1].map(async (i) => (await view.locator('img').nth(i).boundingBox())!.y));
    assert.ok(Math.abs(tops[0]! - tops[1]!) < 2, 'curve and thumbnail stand beside each other');
    await desk.run(2);
    await desk.ended(2, 3);
    assert.equal((await desk.outputs.nth(2).innerText()).trim(), 'clean');
    await shoot(desk.page, `stopped-${short(name)}`);
    if (name !== 'JupyterLab') return;
    await desk.run(3);
    await desk.outputs
      .nth(3)
      .filter({ hasText: /3 bits.*[1-9]\d\/60.*signs.*[1-9]\d\/60/s })
      .waitFor();
    await shoot(desk.page, 'side-by-side');
    await desk.ended(3, 4);
    assert.match(await desk.outputs.nth(3).innerText(), /60\/60.*60\/60.*finished,finished/s);
    await desk.run(4);
    await desk.ended(4, 5);
    await desk.page.waitForTimeout(500);
    const printed = (await desk.outputs.nth(4).textContent())!.match(/line \d+/g)!;
    assert.deepEqual([printed.length, printed.at(-1)], [20_000, 'line 19999']);
    const before = desk.updates();
    await desk.run(5);
    await desk.ended(5, 6);
    await desk.outputs.nth(5).filter({ hasText: 'burst: 3000 attacks in' }).waitFor();
    assert.equal(desk.updates() - before, 2999);
    await desk.page.keyboard.press('Enter');
    await desk.page.keyboard.press('End');
    await desk.page.keyboard.press('Tab');
    await desk.page.locator('.jp-Completer-item', { hasText: 'imageGrid' }).click();
    await desk.page.keyboard.press('Shift+Tab');
    await desk.page.locator('.jp-Tooltip', { hasText: 'Shows batches of images as one picture' }).waitFor();
    await shoot(desk.page, 'tooltip');
    await desk.page.context().close();
  });

  test(`${name}: the saved notebook, not trusted, still shows every figure`, { skip }, async () => {
    const file = `untrusted-${short(name)}.ipynb`;
    changed(folder, name, file);
    const { page } = await open(stage(), name, file, folder);
    await page.waitForTimeout(1500);
    const sight = await look(page);
    assert.deepEqual([sight.charts, sight.broken], [0, []], 'scripts are stripped, nothing is broken');
    assert.equal(sight.pictures.length, PICTURES);
    assert.ok(
      sight.pictures.every(({ colours }) => colours > 8),
      JSON.stringify(sight.pictures),
    );
    await shootTall(page, `untrusted-${short(name)}`, 5600);
    await page.context().close();
  });
}

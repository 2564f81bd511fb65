import assert from 'node:assert/strict';
import test from 'node:test';
import { openDataset } from '../../src/data/index.js';
import { aheadOf, attackCell, type Cell, emptyRow, matrixCells, nameOf, PERFECT } from '../../src/studies/matrix.js';

/** Within 1 dB is the rule of the matrix; a sample of ten that may not fail once gets a little more. */
const MARGIN = 1.5;

const cell = (text: string): Cell => {
  const found = matrixCells(10, 1).find((cell) => nameOf(cell) === text);
  assert.ok(found, `the matrix has no cell ${text}`);
  return found;
};

const SAMPLE = [
  'lenet none batch 10 distinct 1 steps',
  'lenet5 quantize:8 batch 1 distinct 1 steps',
  'mlp none batch 4 distinct 1 steps',
  'mlp quantize:3 batch 4 distinct 5 steps',
  'two-layer none batch 4 distinct 5 steps',
  'two-layer sign batch 4 distinct 5 steps',
  'flower qsgd:3 batch 4 distinct 1 steps',
  'flower none batch 4 repeated 5 steps',
  'dlg-sigmoid none batch 1 distinct 1 steps',
  'dlg-sigmoid topk:0.95 batch 4 distinct 1 steps',
  'group-norm noise:-10 batch 4 distinct 1 steps',
];

for (const name of SAMPLE)
  test(`matrix: ${name}: the default is not more than ${MARGIN} dB under the best of ours`, async () => {
    const data = await openDataset('scenes', { size: 16 });
    const attacks = ['default', 'matching', 'light', 'squares', 'closed-form', 'analytic'] as const;
    const row = await attackCell(data, emptyRow(data, cell(name), 3, 'train'), attacks);
    const told = Object.entries(row.reached).map(([attack, value]) => `${attack} ${value?.psnr.toFixed(1) ?? '-'}`);
    console.log(`${name}: ${told.join(', ')}`);
    assert.ok(row.reached.default, 'the default gave pictures');
    assert.ok(Object.values(row.reached).filter((value) => value !== null).length >= 4, 'others did too');
    assert.ok(aheadOf(row) >= -MARGIN, told.join(', '));
  });

test('aheadOf: an error below one level of 8 bits is none', () => {
  const reached = (psnr: number) => ({ psnr, ssim: [1], left: 0, closures: 1, seconds: 1 });
  const ahead = (ours: number, theirs: number) =>
    aheadOf({ reached: { default: reached(ours), dlg: reached(theirs) } });
  assert.equal(ahead(58.6, 70), 0);
  assert.ok(Math.abs(ahead(40, 70) - (40 - PERFECT)) < 1e-9 && Math.abs(PERFECT - 48.13) < 0.01);
  assert.equal(ahead(20, 23), -3);
  assert.ok(Number.isNaN(aheadOf({ reached: { default: reached(3), dlg: null } })));
});

test('matrixCells: every beginning is a fair sample of the networks, and a seed decides the order', () => {
  const cells = matrixCells(10, 1);
  const networks = new Set(cells.map(({ network }) => network));
  assert.equal(new Set(cells.slice(0, networks.size).map(({ network }) => network)).size, networks.size);
  assert.equal(new Set(cells.map(nameOf)).size, cells.length);
  assert.deepEqual(matrixCells(10, 1), cells);
  assert.notDeepEqual(matrixCells(10, 2).map(nameOf), cells.map(nameOf));
});

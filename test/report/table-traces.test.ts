import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as aq from 'arquero';
import { plotSvg } from '../../src/report/plot.js';
import { writtenOut } from '../../src/report/table-traces.js';

const rows = [
  { family: 'uniform', bits: 2, psnr: 18, low: 17, high: 20 },
  { family: 'top-k', bits: 1, psnr: 21, low: 20, high: 21.5 },
  { family: 'uniform', bits: 4, psnr: 25, low: 24, high: 27 },
];
const columns = { x: 'bits', y: 'psnr', by: 'family', low: 'low', high: 'high' };

test('a table as series: one per value of `by`, error bars from the ends, the same picture as written out', () => {
  const expected = [
    { name: 'uniform', x: [2, 4], y: [18, 25], error_y: { array: [2, 2], arrayminus: [1, 1] }, mode: 'lines' as const },
    { name: 'top-k', x: [1], y: [21], error_y: { array: [0.5], arrayminus: [1] }, mode: 'lines' as const },
  ];
  for (const table of [rows, aq.from(rows)])
    assert.deepEqual(writtenOut('plot', [{ table, ...columns, mode: 'lines' }]), expected);
  assert.equal(plotSvg([{ table: aq.from(rows), ...columns, mode: 'lines' }]), plotSvg(expected));
});

test('a grouped arquero table; a series without `by` has no name; other series stay as they are', () => {
  const means = aq
    .from(rows)
    .groupby('family')
    .rollup({ psnr: aq.op.mean('psnr') })
    .orderby('family');
  const plain = { x: [1], y: [2], name: 'plain' };
  assert.deepEqual(writtenOut('plot', [plain, { table: means, x: 'family', y: 'psnr', type: 'bar', text: 'family' }]), [
    plain,
    { type: 'bar', x: ['top-k', 'uniform'], y: [21, 21.5], text: ['top-k', 'uniform'] },
  ]);
  assert.deepEqual(writtenOut('plot', [{ table: [], x: 'a', y: 'b', by: 'c' }]), []);
});

test('a table without the column, and what is no table, are one line', () => {
  assert.throws(
    () => plotSvg([{ table: rows, x: 'bits', y: 'psrn' }]),
    /^RoglabError: plotSvg: the table has no such column, got "psrn"; did you mean "psnr"\?$/,
  );
  assert.throws(
    () => plotSvg([{ table: 3 as never, x: 'bits', y: 'psnr' }]),
    /plotSvg: table must be a list of objects or an arquero table, got 3/,
  );
});

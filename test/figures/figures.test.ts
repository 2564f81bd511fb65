/** Figures from the outcomes of a study: numbers against plain means, and what they say of wrong fields. */
import assert from 'node:assert/strict';
import test, { mock } from 'node:test';
import { from, op } from 'arquero';
import { ndarray } from '../../src/core/arrays.js';
import type { Batch, Scores } from '../../src/core/types.js';
import { imageRows, plusMinus, scoreCurves, scoreGrid, scoreTable } from '../../src/figures/index.js';

const batch: Batch = {
  images: ndarray([2, 4, 4, 3], 0.25),
  labels: Int32Array.of(1, 0),
  classNames: ['cat', 'dog'],
  source: 'made',
};

const scores = (psnr: number[], more: Partial<Scores> = {}): Scores => ({
  match: [1, 0],
  mse: [0.01, 0.02],
  psnr,
  ssim: [0.5, 0.7],
  globalSsim: [0.5, 0.7],
  featureDistance: [Number.NaN, Number.NaN],
  agreement: [1, 0],
  jaccard: [1, 0],
  ...more,
});

const outcome = (phi: string, bits: number, psnr: number[], more?: Partial<Scores>) => ({
  phi,
  bits,
  client: bits > 2 ? 'FedAvg' : 'FedSGD',
  batch,
  result: { images: ndarray([2, 4, 4, 3], 0.5), closures: 7, seconds: 2 },
  scores: scores(psnr, more),
});

const done = [outcome('a', 3, [20, 22]), outcome('b', 1, [10, 11]), outcome('a', 3, [24, 26])];

const said = (show: () => void): string => {
  const texts: string[] = [];
  const write = mock.method(process.stdout, 'write', (text: string) => texts.push(text) > 0);
  try {
    show();
    return texts.join('');
  } finally {
    write.mock.restore();
  }
};

test('imageRows: flat rows that arquero groups as they are', () => {
  const rows = imageRows(done);
  assert.equal(rows.length, 6);
  assert.deepEqual(
    [
      rows[1]!.class,
      rows[1]!.image,
      rows[1]!.psnr,
      rows[1]!.closures,
      'featureDistance' in rows[1]!,
      'batch' in rows[1]!,
    ],
    ['cat', 1, 22, 7, false, false],
  );
  const means = from(rows as object[])
    .groupby('phi')
    .rollup({ psnr: op.mean('psnr') })
    .objects();
  assert.deepEqual(means, [
    { phi: 'a', psnr: 23 },
    { phi: 'b', psnr: 10.5 },
  ]);
});

test('scoreTable: means with their intervals, by one field or across two', () => {
  const text = said(() => scoreTable(done, { by: 'phi', metrics: ['psnr', 'ssim'] }));
  assert.match(text, /a\s+23\.0 ± 4\.1\s+0\.60 ± 0\.18/); // t(3) = 3.182, s = 2.582, n = 4
  assert.match(text, /b\s+10\.5 ± 6\.4/); // t(1) = 12.706, s = 0.707, n = 2
  // Wilson: 2 of 4 (Brown, Cai, DasGupta 2001: 0.150 to 0.850)
  assert.match(
    said(() => scoreTable(done, { by: 'client' })),
    /FedAvg.*0\.50 \(0\.15 to 0\.85\)/,
  );
  const wide = said(() => scoreTable(done, { by: 'phi', across: 'client', title: 'T' }));
  assert.match(wide, /T: PSNR \(dB\) ↑ \/ SSIM ↑/);
  assert.match(wide, /phi\s+FedAvg\s+FedSGD/);
  assert.throws(() => scoreTable(done, { by: 'ph' }), /no field "ph"; did you mean "phi"/);
  assert.throws(() => scoreTable([], { by: 'phi' }), /one at least/);
  assert.throws(() => scoreTable([{ phi: 'a' }] as never, { by: 'phi' }), /outcome 0 has no scores/);
  assert.throws(() => scoreTable(done, { by: 'phi', metric: ['psnr'] } as never), /did you mean "metrics"/);
});

test('scoreTable: LPIPS stands in it where every outcome has it', () => {
  const with_ = [outcome('a', 3, [20, 22], { lpips: [0.1, 0.2] })];
  assert.match(
    said(() => scoreTable(with_, { by: 'phi' })),
    /LPIPS ↓[\s\S]*0\.150/,
  );
  assert.doesNotMatch(
    said(() => scoreTable([...with_, ...done], { by: 'phi' })),
    /LPIPS ↓/,
  );
});

test('scoreGrid: private images above one row a value', () => {
  assert.match(
    said(() => scoreGrid(done, { by: 'phi', scale: 1 })),
    /private: 4 of 4x4; a: 4 of 4x4; b: 2 of 4x4/,
  );
  assert.throws(() => scoreGrid(done, { by: 'phy' }), /did you mean "phi"/);
});

test('scoreCurves: one line a value, one panel a metric; x must be numbers', () => {
  const text = said(() => scoreCurves(done, { x: 'bits', by: 'client', metrics: ['psnr', 'ssim'] }));
  assert.match(text, /FedAvg/);
  assert.match(text, /FedSGD/);
  assert.throws(() => scoreCurves(done, { x: 'phi', by: 'client' }), /x must be a field of numbers/);
});

test('plusMinus: no interval where there is none; a share with its own', () => {
  assert.equal(plusMinus({ mean: 21.34, halfWidth: 0.44, n: 5 }, 1), '21.3 ± 0.4');
  assert.equal(plusMinus({ mean: 21.34, halfWidth: Number.POSITIVE_INFINITY, n: 1 }, 1), '21.3');
  assert.equal(plusMinus({ mean: Number.NaN, halfWidth: Number.NaN, n: 0 }), '–');
  assert.equal(plusMinus(undefined), '–');
  assert.equal(plusMinus({ share: 0.5, low: 0.15, high: 0.85, n: 4 }), '0.50 (0.15 to 0.85)');
});

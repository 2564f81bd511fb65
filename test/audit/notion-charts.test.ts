import assert from 'node:assert/strict';
import { test } from 'node:test';
import { predictionChart, robustnessChart, tradeOffChart } from '../../src/audit/index.js';
import { gaussianTradeOff, normalCdf, normalQuantile } from '../../src/privacy/index.js';
import { plotSvg } from '../../src/report/index.js';

test('tradeOffChart: each curve beside perfect privacy, from 1 to 0, drawn', () => {
  const chart = tradeOffChart({ 'mu = 1': gaussianTradeOff(1), 'mu = 3': gaussianTradeOff(3) });
  const [[one, three, perfect]] = chart;
  const middle = (trace = one) => (trace!.y as number[])[100]!;
  assert.ok(middle(three) < middle(one) && middle(one) < middle(perfect));
  assert.deepEqual([(one!.y as number[])[0], (one!.y as number[]).at(-1)], [1, 0]);
  assert.match(plotSvg(...chart), /perfect privacy/);
  assert.throws(() => tradeOffChart({}), /tradeOffChart: needs a curve at least/);
});

test('robustnessChart: gamma over mu, from kappa on', () => {
  const chart = robustnessChart([0.1], 2);
  const { x, y } = chart[0][0] as { x: number[]; y: number[] };
  assert.ok(Math.abs(y[0]! - 0.1) < 1e-12 && x.at(-1) === 2);
  assert.ok(Math.abs(y.at(-1)! - normalCdf(normalQuantile(0.1) + 2)) < 1e-12);
  assert.match(plotSvg(...chart), /chance to rebuild, at most/);
  assert.throws(() => robustnessChart([0.1], 0), /most must be/);
  assert.throws(() => robustnessChart([2]), /kappa must be/);
});

test('predictionChart: a point per phi, those without an error left out, beside the diagonal', () => {
  const bound = (phi: string, reached: number, influence: number) => ({
    ...{ phi, batch: 0 },
    reached: { mse: 10 ** (-reached / 10), psnr: reached },
    influence: { mse: 10 ** (-influence / 10), psnr: influence },
  });
  const chart = predictionChart([bound('none', 30, Number.POSITIVE_INFINITY), bound('sign', 12, 15)]);
  const [points, diagonal] = chart[0];
  assert.deepEqual([points!.x, points!.y, points!.text], [[15], [12], ['sign']]);
  assert.deepEqual(diagonal!.x, [12, 15]);
  assert.match(plotSvg(...chart), /predicted PSNR/);
  assert.match(plotSvg(...predictionChart([])), /predicted PSNR/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { banded, plotSvg } from '../../src/report/index.js';

const intervals = [
  { mean: 10, halfWidth: 1 },
  { mean: 20, halfWidth: Number.POSITIVE_INFINITY },
  { mean: 15, halfWidth: 3 },
];

test('banded: the band runs along the lower ends and back along the upper ones; one value has no width', () => {
  const [band, line] = banded([1, 2, 4], intervals, { name: 'a', colour: '#112233' });
  assert.deepEqual(band!.x, [1, 2, 4, 4, 2, 1]);
  assert.deepEqual(band!.y, [9, 20, 12, 18, 20, 11]);
  assert.deepEqual(line!.y, [10, 20, 15]);
  assert.equal(line!.name, 'a');
  assert.match(plotSvg([band!, line!]), /fill="#112233" fill-opacity="0.13"/);
});

test('banded: another panel takes its axes and is not named twice', () => {
  for (const trace of banded([1, 2, 4], intervals, { name: 'a', panel: 2 })) {
    assert.deepEqual([trace.xaxis, trace.yaxis, trace.showlegend], ['x2', 'y2', false]);
  }
});

test('banded: refuses another number of intervals, and unknown options', () => {
  assert.throws(() => banded([1, 2], intervals), /one interval for each of the 2 values/);
  assert.throws(() => banded([1], [intervals[0]!], { color: '#000000' } as object), /colour/);
});

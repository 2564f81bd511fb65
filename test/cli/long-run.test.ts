import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longRun } from '../../src/cli/long-run.js';

test('longRun: the sum before it starts, then what is left at the pace so far', () => {
  let clock = 0;
  const run = longRun(
    new Map([
      ['a', 60],
      ['b', 120],
      ['c', Number.NaN],
    ]),
    'the stored rows',
    () => clock,
  );
  assert.equal(run.line, 'about 5 min: 3 rows, by the stored rows'); // 60 + 120 + their mean: 270 s
  assert.equal(run.left(), ', about 5 min left');
  clock = 120_000;
  run.ended('a');
  assert.equal(run.left(), ', about 7 min left'); // 210 s at half of the speed
  clock = 180_000;
  assert.equal(run.left(), ', about 6 min left');
  run.ended('unknown');
  assert.equal(run.left(), ', about 6 min left');
  run.ended('b');
  run.ended('c');
  assert.equal(run.left(), '');
});

test('longRun: nothing is said of what takes no two seconds, or of no rows', () => {
  assert.equal(longRun(new Map([['a', 1.5]]), 'x').line, '');
  assert.equal(longRun(new Map(), 'x').line, '');
  assert.equal(longRun(new Map([['a', Number.NaN]]), 'x').line, '');
});

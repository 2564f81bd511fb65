import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstClosures, longRun } from '../../src/cli/long-run.js';

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
  assert.equal(longRun(new Map([['a', 90]]), 'a card').line, 'about 90 s, by a card');
  assert.equal(longRun(new Map(), 'x').line, '');
  assert.equal(longRun(new Map([['a', Number.NaN]]), 'x').line, '');
});

test('firstClosures: once, when the first closures are known; nothing of a short attack', () => {
  const said: string[] = [];
  const tell = firstClosures((line) => said.push(line));
  for (let closure = 1; closure <= 10; closure++)
    tell({ closure, total: 200, seconds: 0.2 * closure, secondsLeft: 0.2 * (200 - closure) });
  assert.deepEqual(said, ['about 40 s: 200 closures']);
  const short = firstClosures((line) => said.push(line));
  for (const closure of [1, 2, 3])
    short({ closure, total: 3, seconds: 0.1 * closure, secondsLeft: 0.1 * (3 - closure) });
  assert.equal(said.length, 1);
});

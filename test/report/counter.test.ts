import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counter, countLine } from '../../src/report/counter.js';

test('countLine: what is done, the time spent and the time left at the same pace', () => {
  assert.equal(countLine('bits', 12, 96, 70), 'bits: 12 of 96 attacks, 1 min 10 s, 8 min 10 s left');
  assert.equal(countLine('bits', 96, 96, 544.2), 'bits: 96 attacks in 9 min 4 s');
  assert.equal(countLine('bits', 1, 1, 59.7), 'bits: 1 attack in 1 min 0 s');
});

test('counter: refuses an interval that is no time', () => {
  assert.throws(() => counter('bits', -1), /interval/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeLeft } from '../../src/audit/told-time.js';

test('timeLeft: what is foretold, shared among the workers, then the pace of those that have ended', () => {
  let clock = 5000;
  const left = timeLeft(60, 4, () => clock);
  assert.equal(left(0, 8), 120);
  assert.equal(left(0, 2), 60);
  clock += 90_000;
  assert.equal(left(3, 5), 150);
  assert.equal(left(8, 0), 0);
  assert.equal(timeLeft(60, 4)(0, 0), 0);
});

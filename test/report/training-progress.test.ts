import assert from 'node:assert/strict';
import test from 'node:test';
import { curves, type TrainingEvent, trainingLine, trainingProgress } from '../../src/report/training-progress.js';

const history = [
  { round: 1, loss: 2.3 },
  { round: 2, loss: 2.0, accuracy: 0.25 },
  { round: 3, loss: 1.9 },
];
const event: TrainingEvent = { round: 3, rounds: 8, loss: 1.9, seconds: 42, secondsLeft: 70, history };

test('trainingLine: the last measured accuracy in percent, time left until the last round', () => {
  assert.equal(trainingLine('noise', event), 'noise: round 3 of 8, loss 1.900, accuracy 25.0 %, 42 s, 1 min 10 s left');
  assert.equal(
    trainingLine('noise', { ...event, round: 8, history: [history[0]!] }),
    'noise: round 8 of 8, loss 1.900, 42 s',
  );
});

test('curves: accuracies stand at the rounds where they were measured, in percent, in a panel of their own', () => {
  const [[loss, accuracy], layout] = curves(event);
  assert.deepEqual(
    [loss!.x, loss!.y],
    [
      [1, 2, 3],
      [2.3, 2, 1.9],
    ],
  );
  assert.deepEqual([accuracy!.x, accuracy!.y, accuracy!.xaxis], [[2], [25], 'x2']);
  assert.deepEqual((layout.xaxis2 as { range: unknown }).range, [0, 8]);
  const [alone, single] = curves({ ...event, history: [history[0]!] });
  assert.equal(alone.length, 1);
  assert.equal(single.grid, undefined);
});

test('trainingProgress refuses an interval that is no time', () => {
  assert.throws(() => trainingProgress('x', -1), /trainingProgress: interval must be a number/);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { resumable, type Steps, secondsLeft } from '../../src/core/resumable.js';

interface State {
  readonly at: number;
  readonly seconds: number;
}

const begin: State = { at: 0, seconds: 0 };
const toFive: Steps<State> = {
  step: async ({ at }, seconds) => ({ at: at + 1, seconds: seconds() }),
  isLast: ({ at }) => at === 5,
};

async function run(more: Partial<Steps<State>> = {}, from = begin): Promise<{ seen: number[]; saved: number[] }> {
  const [seen, saved]: [number[], number[]] = [[], []];
  const save = async ({ at }: State): Promise<void> => void saved.push(at);
  for await (const { at } of resumable(from, { ...toFive, save, ...more })) seen.push(at);
  return { seen, saved };
}

test('resumable steps to the last state, from any state, and not beyond it', async () => {
  assert.deepEqual((await run()).seen, [1, 2, 3, 4, 5]);
  assert.deepEqual((await run({}, { at: 3, seconds: 9 })).seen, [4, 5]);
  assert.deepEqual((await run({}, { at: 5, seconds: 9 })).seen, []);
});

test('resumable asks before every step whether to stop, and saves where it stopped, if it moved at all', async () => {
  assert.deepEqual(await run({ stop: ({ at }) => at === 2 }), { seen: [1, 2], saved: [2] });
  assert.deepEqual(await run({ stop: () => true }), { seen: [], saved: [] });
  assert.deepEqual(await run({ stop: ({ at }) => at === 5 }), { seen: [1, 2, 3, 4, 5], saved: [] });
});

test('resumable saves by the clock, and states to keep in any case, before it yields them', async () => {
  assert.deepEqual((await run({ saveEvery: 1e6 })).saved, []);
  assert.deepEqual((await run({ saveEvery: -1 })).saved, [1, 2, 3, 4, 5]);
  assert.deepEqual((await run({ saveEvery: 1e6, keep: ({ at }) => at % 2 === 1 })).saved, [1, 3, 5]);
  const saved: number[] = [];
  for await (const { at } of resumable(begin, {
    ...toFive,
    keep: () => true,
    save: async (s) => void saved.push(s.at),
  }))
    assert.equal(saved.at(-1), at);
});

test('resumable counts the seconds of all runs together', async () => {
  for await (const { seconds } of resumable({ at: 4, seconds: 1000 }, toFive))
    assert.ok(seconds >= 1000 && seconds < 1100, `${seconds}`);
});

test('secondsLeft goes by the pace so far', () => {
  assert.equal(secondsLeft(6, 3, 5), 4);
  assert.ok(Number.isNaN(secondsLeft(0, 0, 5)));
});

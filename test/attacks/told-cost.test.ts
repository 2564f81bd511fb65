import assert from 'node:assert/strict';
import test from 'node:test';
import { rog } from '../../src/attacks/index.js';
import { toldCost } from '../../src/attacks/search/told-cost.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { start } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet } from '../../src/models/index.js';

test('toldCost() speaks from a minute or 2 GiB on, in seconds and memory, and names direction', () => {
  const told = (seconds: number, closures: number, gigabytes: number) =>
    toldCost('rog', { localSteps: 100 }, { seconds, bytes: 2 ** 28 }, closures, gigabytes * 2 ** 30 - 2 ** 28);
  assert.equal(told(0.29, 200, 1.9), undefined);
  assert.match(
    told(0.31, 200, 0.5)!,
    /^rog: simulating 100 local steps will take about 62 s \(200 closures of 0\.31 s\)/,
  );
  assert.match(told(0.31, 200, 0.5)!, / and 537 MB; rog with simulate: 'direction' \(--simulate direction\)/);
  assert.match(told(0.001, 1, 2.1)!, /about 0\.001 s .* and 2\.3 GB/);
  assert.match(told(4, 200, 1)!, /about 13 min \(200 closures of 4 s\)/);
  assert.match(told(100, 200, 1)!, /about 5\.6 h \(200 closures of 2 min\)/);
});

test('an attack through many local steps says first what it will take; a short one and direction do not', async () => {
  await start({ threads: 1 });
  const model = lenet({ imageShape: [16, 16, 3], classes: 4, seed: 1 });
  const batch = { images: ndarray([1, 16, 16, 3], uniformStream(1)), labels: Int32Array.of(2) };
  for (const localSteps of [3, 12]) {
    const update = await clientUpdate(model, batch, { localSteps, learningRate: 0.1 });
    const observed = observe(model, update, { labels: batch.labels });
    const attack = async (iterations: number, simulate: 'steps' | 'direction'): Promise<string[]> => {
      const said: string[] = [];
      const listen = ({ message }: Error) => said.push(message);
      process.on('warning', listen);
      const stop = new AbortController();
      const onProgress = () => {
        said.push('progress');
        stop.abort();
      };
      await rog(observed, { method: 'matching', iterations, simulate, onProgress, signal: stop.signal });
      process.off('warning', listen);
      return said.slice(0, 2);
    };
    const [told, next] = await attack(1_000_000, 'steps');
    assert.match(
      told!,
      new RegExp(`^rog: simulating ${localSteps} local steps will take about [\\d.]+ (min|h) \\(1000000 closures`),
    );
    assert.equal(next, 'progress');
    assert.equal((await attack(2, 'steps'))[0], 'progress');
    assert.equal((await attack(1_000_000, 'direction'))[0], 'progress');
  }
});

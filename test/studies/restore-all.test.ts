/** A study's outcomes after the restoration network: restore()'s pictures, scored as score() does, all else as is. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { restore } from '../../src/attacks/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Reconstruction } from '../../src/core/types.js';
import { score } from '../../src/studies/index.js';
import { restoreAll } from '../../src/studies/restore-all.js';

test('restoreAll: what restore() and score() give, told the names of the classes', async () => {
  const draw = uniformStream(5);
  const images = (shift: number) =>
    ndarray(
      [1, 16, 16, 3],
      Float32Array.from({ length: 768 }, () => shift + draw() / 2),
    );
  const batch = { images: images(0.3), labels: Int32Array.of(1), classNames: ['dog', 'cat'], source: 'made' };
  const made = { labels: batch.labels, objective: 1, closures: 3, seconds: 1, settings: {}, history: [], engine: '' };
  const result: Reconstruction = {
    ...{ kind: 'reconstruction', attack: 'rog', images: images(0.25), stopped: 'finished' },
    ...{ labelSource: { method: 'known', confidence: [] }, ...made },
  };
  const outcome = { phi: 'sign', batch, result, scores: await score(batch, result) };
  const [restored] = await restoreAll([outcome]);
  const expected = await restore(outcome.result, { classNames: batch.classNames });
  assert.deepEqual(restored!.result.images, expected.images);
  assert.deepEqual(restored!.scores.psnr, (await score(batch, expected)).psnr);
  assert.notDeepEqual(restored!.result.images, result.images);
  assert.equal(restored!.phi, 'sign');
});

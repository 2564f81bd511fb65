import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stackImages } from '../../src/core/arrays.js';
import { resample } from '../../src/core/resample.js';
import { openDataset } from '../../src/data/index.js';
import { agreement, jaccard, score, shippedTagger } from '../../src/metrics/index.js';
import { noiseImages } from './images.js';

test('jaccard: overlap of label sets by the definition', () => {
  const sets: [string[], string[], number][] = [
    [['cat'], ['cat'], 1],
    [['cat', 'dog'], ['dog', 'cat'], 1],
    [['cat', 'dog'], ['cat'], 1 / 2],
    [['cat', 'dog'], ['dog', 'ship', 'truck'], 1 / 4],
    [['cat'], ['ship'], 0],
    [['cat'], [], 0],
    [[], [], 1],
    [['cat', 'cat'], ['cat'], 1],
  ];
  assert.deepEqual(
    jaccard(
      sets.map(([a]) => a),
      sets.map(([, b]) => b),
    ),
    sets.map(([, , value]) => value),
  );
  assert.throws(() => jaccard([['a']], []), /as many label sets on both sides, got \[1, 0\]/);
});

test('agreement: whether the surest labels are the same', () => {
  const [a, b] = [
    [['cat', 'dog'], ['cat', 'dog'], ['cat'], []],
    [['cat'], ['dog', 'cat'], [], []],
  ];
  assert.deepEqual(agreement(a, b), [1, 0, 0, 0]);
  assert.deepEqual(agreement([[3]], [[3]]), [1]);
});

test('shippedTagger: one to `top` known classes per image, at any size, the same every time', async () => {
  const { images } = (await openDataset('scenes')).batch({ split: 'test', size: 3, seed: 4 });
  const sets = await shippedTagger()(images);
  assert.equal(sets.length, 3);
  for (const set of sets) assert.ok(set.length >= 1 && set.length <= 3 && new Set(set).size === set.length);
  assert.deepEqual(await shippedTagger()(images), sets);
  const single = await shippedTagger({ top: 1 })(images);
  assert.deepEqual(
    single,
    sets.map(([first]) => [first]),
  );
  assert.deepEqual(
    (await shippedTagger({ top: 10, threshold: 0 })(images)).map((set) => set.length),
    [10, 10, 10],
  );
  // enlarged by whole pixels and shrunk again by area means: the same pictures
  assert.deepEqual(await shippedTagger()(resample(images, [128, 128], 'nearest')), sets);
  const wide = stackImages([noiseImages(1, [1, 20, 48, 3])]);
  assert.equal((await shippedTagger()(wide)).length, 1);
});

test('shippedTagger says what it refuses', () => {
  assert.throws(() => shippedTagger({ top: 0 }), /top must be an integer from 1 to 10, got 0/);
  assert.throws(() => shippedTagger({ threshold: 2 }), /threshold must be a number from 0 to 1, got 2/);
  assert.throws(() => shippedTagger({ treshold: 0 } as never), /did you mean "threshold"/);
});

test('score: a picture agrees with itself, in every score', async () => {
  const { images } = (await openDataset('scenes')).batch({ split: 'test', size: 2, seed: 4 });
  const scores = await score({ ...images }, images);
  assert.deepEqual(
    [scores.featureDistance, scores.agreement, scores.jaccard],
    [
      [0, 0],
      [1, 1],
      [1, 1],
    ],
  );
});

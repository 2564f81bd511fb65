import assert from 'node:assert/strict';
import test from 'node:test';
import { start } from '../../src/engine/index.js';
import { agreement, shippedTagger } from '../../src/metrics/index.js';
import { drawSamples, shippedCard, shippedGenerator } from '../../src/models/index.js';

test('shippedGenerator: the file is the one of its card, under 10 MB, and says how it was made, how good', async () => {
  const { weights, fixed, classNames, imageShape } = await shippedGenerator(); // refuses other bytes than the card's
  const card = await shippedCard('generator');
  assert.ok(card.bytes < 10e6);
  assert.equal(
    [...weights, ...fixed.slice(1)].reduce((sum, { data }) => sum + data.length, 0),
    card.parameters,
  );
  assert.deepEqual(imageShape, [32, 32, 3]);
  assert.equal(classNames.length, 10);
  assert.match(card.data, /train split only/);
  assert.match(card.command, /npm run train -- generator --epochs \d+ --seed \d+/);
  for (const score of ['drawn agreement', 'Frechet drawn', 'pair of a class, drawn', 'nearest training image, drawn'])
    assert.ok(Number.isFinite(card.scores[score]), score);
});

test('drawSamples: pictures of the class asked for, different from one another, the same by seed', async () => {
  await start();
  const generator = await shippedGenerator();
  const rows = await drawSamples(generator, 6, 5);
  const tagger = shippedTagger({ top: 1 });
  const wanted = generator.classNames.map((name) => [name]);
  const hits = await Promise.all(rows.map(async (row) => agreement(wanted, await tagger(row))));
  const share = hits.flat().reduce((a, b) => a + b) / hits.flat().length;
  assert.ok(share > 0.6, String(share));
  const [first, second] = rows as [(typeof rows)[0], (typeof rows)[0]];
  const apart = Math.sqrt(first.data.reduce((sum, x, i) => sum + (x - second.data[i]!) ** 2, 0) / first.data.length);
  assert.ok(apart > 0.15, String(apart));
  assert.ok(first.data.every((x) => x >= 0 && x <= 1));
  assert.deepEqual((await drawSamples(generator, 1, 5))[0]!.data, first.data);
});

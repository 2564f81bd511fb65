import assert from 'node:assert/strict';
import test from 'node:test';
import { openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { taggerFeatures } from '../../src/metrics/index.js';
import { type SemanticRow, type SemanticScores, semanticScores, semanticSummary } from '../../src/studies/index.js';

test('semanticScores: the private images have rank 1 and full agreement, in any order within a label', async () => {
  await start();
  const data = await openDataset('scenes', { size: 32 });
  const gallery = data.images('test', [0, 1, 2, 3, 4, 5, 6, 7]);
  const features = await taggerFeatures(gallery);
  const batch = { images: data.images('test', [2, 5, 7]), labels: Int32Array.of(4, 4, 1) };
  const swapped = data.images('test', [5, 2, 7]); // the order within label 4 is not known
  const scores = await semanticScores(batch, swapped, batch.labels, features, [2, 5, 7]);
  for (const { rank, agreement, jaccard, psnr } of scores)
    assert.ok(rank === 1 && agreement === 1 && jaccard === 1 && psnr > 99);
  // a picture under another label is not taken, however near it is
  const wrong = await semanticScores(batch, data.images('test', [7, 5, 2]), batch.labels, features, [2, 5, 7]);
  assert.ok(wrong[2]!.psnr < 40 && wrong[2]!.rank > 1, JSON.stringify(wrong));
});

const scored = (rank: number, jaccard: number): SemanticScores => ({
  psnr: 10,
  ssim: 0.1,
  agreement: 1,
  jaccard,
  rank,
});
const row = (ranks: readonly number[], jaccards: readonly number[]): SemanticRow => ({
  ...{ setting: 'made up', image: 0, label: 0, confidence: 0.5, start: 'mean', seconds: { raw: 1, rogs: 1 } },
  scores: {
    raw: scored(ranks[0]!, jaccards[0]!),
    restored: scored(ranks[1]!, jaccards[1]!),
    'label only': scored(ranks[2]!, jaccards[2]!),
    rogs: scored(ranks[3]!, jaccards[3]!),
  },
});

test('semanticSummary: medians, shares and paired comparisons, by hand', () => {
  const rows = [
    row([8, 4, 100, 1], [0, 0.5, 1, 1]),
    row([16, 8, 100, 4], [0, 0.5, 0, 0.5]),
    row([2, 9, 11, 2], [1, 0, 1, 1]),
  ];
  const [summary, ...none] = semanticSummary(rows);
  assert.equal(none.length, 0);
  const { rogs, raw } = summary!.methods;
  assert.deepEqual([rogs.medianRank, raw.medianRank, raw.rank.mean], [2, 8, 26 / 3]);
  assert.deepEqual([rogs.first.share, rogs.topTen.share, raw.topTen.share], [1 / 3, 1, 2 / 3]);
  assert.ok(rogs.topTen.high === 1 && raw.agreement.low >= 0, 'a share stays within 0 and 1');
  // ratios 8, 4, 1
  assert.ok(Math.abs(summary!.against.raw.rankRatio.mean - 32 ** (1 / 3)) < 1e-12);
  assert.ok(summary!.against.raw.rankRatio.low < 32 ** (1 / 3) && summary!.against.raw.rankRatio.high > 32 ** (1 / 3));
  assert.ok(Math.abs(summary!.against.raw.jaccard.mean - 0.5) < 1e-12);
});

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Dataset } from '../../src/data/index.js';
import {
  adoptRows,
  DP_PROFILES,
  type DpFailure,
  type DpResult,
  dpFinished,
  ROW_SETS,
} from '../../src/studies/dp/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { root } from '../fixtures.js';

interface DpFile {
  readonly rows: readonly DpResult[];
  readonly failures: readonly DpFailure[];
  readonly budgets: readonly { readonly noiseMultiplier: number }[];
}

const committed = join(root, 'data/results/dp.json');

test("the committed numbers: the rows of the profile as it is, the talk's first, leakage falling with the noise", {
  skip: !existsSync(committed) && 'not run yet',
}, () => {
  const { rows, failures, budgets } = JSON.parse(readFileSync(committed, 'utf8')) as DpFile;
  const { paper } = DP_PROFILES;
  const failed = new Set(failures.map(({ id }) => id));
  assert.deepEqual(
    rows.map(({ id, phi, group }) => [id, phi, group]),
    paper.rows.filter(({ id }) => !failed.has(id)).map(({ id, phi, group }) => [id, phi, group]),
  );
  assert.ok(failures.every(({ error }) => /loss is no number any more/.test(error)));
  const talk = rows.filter(({ group }) => group === 'table');
  assert.deepEqual(
    talk.map(({ snr }) => snr),
    ['inf', 0, -5, -10],
  );
  assert.ok(talk[0]!.accuracy >= 0.68);
  for (const { accuracy, leakage, settings, minutes, group } of rows) {
    assert.ok(accuracy > 0 && accuracy < 1 && minutes > 0 && leakage.length > 0);
    assert.equal(settings.model, 'lenet');
    if (group === 'table') assert.equal(settings.rounds, paper.training.rounds);
  }
  const psnrAtStart = rows
    .filter(({ group }) => group === 'table' || group === 'shape')
    .map(({ leakage }) => Math.max(...leakage.filter(({ round }) => round === 0).map(({ psnr }) => psnr)));
  assert.deepEqual(
    psnrAtStart,
    [...psnrAtStart].sort((a, b) => b - a),
  );
  assert.deepEqual(
    budgets.map(({ noiseMultiplier }) => noiseMultiplier),
    paper.budgets.noiseMultipliers,
  );
});

test("rows under one name are rows of the profile: the talk's, in one setting", () => {
  const { rows } = DP_PROFILES.steps;
  const talk = ROW_SETS.talk!.map((id) => rows.find((row) => row.id === id));
  assert.deepEqual(
    talk.map((row) => [row!.training!.seed, row!.privacy?.clip, row!.snr]),
    [1, 2, 3].flatMap((seed) => [
      [seed, undefined, undefined],
      ...[undefined, 0, -5, -10, -20].map((snr) => [seed, 2, snr]),
    ]),
  );
  assert.ok(talk.every((row) => row!.training!.flip === false && row!.training!.learningRate === 0.1));
});

const rowsOf = (name: string): readonly DpResult[] =>
  (JSON.parse(readFileSync(join(root, `data/results/${name}.json`), 'utf8')) as DpFile).rows;

test('committed rows are of the profiles as they are: a study goes on from all of them', async () => {
  const files = { paper: 'dp', steps: 'dp-steps', 'steps-short': 'dp-steps-short' } as const;
  for (const [name, file] of Object.entries(files)) {
    const rows = rowsOf(file);
    const kept = { profile: DP_PROFILES[name as keyof typeof files], folder: join(temporaryFolder(), 'a', 'b') };
    const data = { name: 'cifar10' } as Dataset;
    const ids = rows.map(({ id }) => id);
    assert.deepEqual(await adoptRows(rows, data, kept), ids);
    const there = new Set((await dpFinished(data, kept)).map(({ id }) => id));
    assert.deepEqual(
      ids.filter((id) => !there.has(id)),
      [],
    );
  }
});

/** Rows of a file, by mechanism, of the first seed at a rate of 0.1. */
function insideSteps(name: 'steps' | 'steps-short'): (mechanism: string) => DpResult | undefined {
  const rows = rowsOf(`dp-${name}`);
  return (mechanism) => rows.find(({ id }) => id === `rate 0.1, ${mechanism}, seed 1`);
}

for (const name of ['steps', 'steps-short'] as const)
  test(`noise inside the steps, ${name}, as committed: the clip costs more than noise down to -10 dB adds`, () => {
    const of = insideSteps(name);
    const [free, clipped] = [of('no clip')!.accuracy, of('clip')!.accuracy];
    assert.ok(free - clipped > 0.05, `${free} and ${clipped}`);
    for (const noise of ['0 dB', '-5 dB', '-10 dB'].flatMap((mechanism) => of(mechanism) ?? []))
      assert.ok(Math.abs(noise.accuracy - clipped) < 0.6 * (free - clipped), noise.id);
    const seen = ['clip', '0 dB', '-5 dB', '-10 dB', '-20 dB']
      .flatMap((mechanism) => of(mechanism) ?? [])
      .map(({ leakage }) => leakage.find(({ round, labels, attack }) => !round && !labels && attack === 'rog')!.psnr);
    assert.ok(seen.length >= 3);
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => b - a),
      'more noise hides more',
    );
  });

test("noise inside the steps: the talk's rows, 20,000 steps of LeNet", () => {
  const of = insideSteps('steps');
  const within = (mechanism: string, percent: number, points: number): void =>
    assert.ok(Math.abs(100 * of(mechanism)!.accuracy - percent) <= points, mechanism);
  within('no flips, no clip', 69, 3);
  for (const setting of ['', 'no flips, ']) {
    within(`${setting}0 dB`, 55, 3);
    within(`${setting}-10 dB`, 50, 4);
  }
});

test('noise inside the steps, steps-short: -20 dB costs accuracy of its own', () => {
  const of = insideSteps('steps-short');
  assert.ok(of('-20 dB')!.accuracy < of('clip')!.accuracy - 0.05);
});

/** Accuracies of a row of `steps-short` with its seeds, in percent. */
function seedsOf(row: string): number[] {
  const found = rowsOf('dp-steps-short').filter(({ id }) => id.replace(/, seed \d$/, '') === row);
  assert.equal(new Set(found.map(({ seed }) => seed)).size, 3, row);
  return found.map(({ accuracy }) => 100 * accuracy);
}

test('steps-short, three seeds: the clip costs, and a smaller epsilon costs more, beyond what seeds differ by', () => {
  const [free, clipped] = ['rate 0.1, no clip', 'rate 0.1, clip'].map(seedsOf);
  assert.ok(Math.min(...free!) > Math.max(...clipped!) + 5);
  const spent = ['epsilon 8', 'epsilon 3', 'epsilon 1'].map(seedsOf);
  assert.ok(Math.min(...clipped!) > Math.max(...spent[0]!) + 5);
  assert.ok(Math.min(...spent[0]!) > Math.max(...spent[1]!) && Math.min(...spent[1]!) > Math.max(...spent[2]!) + 5);
});

test('steps-short, federated: a cohort of ten averages the noise away, and the clip with the length of the way', () => {
  const accuracy = (id: string): number => 100 * rowsOf('dp-steps-short').find((row) => row.id === id)!.accuracy;
  for (const where of ['of 10 clients, iid', 'of 10 clients, dirichlet', 'of 100 clients, iid']) {
    const [free, clipped, noised] = ['no clip', 'clip', '-10 dB'].map((name) => accuracy(`${name}, 10 ${where}`));
    assert.ok(Math.abs(free! - clipped!) < 3 && Math.abs(noised! - clipped!) < 1, where);
    assert.ok(accuracy(`no clip, 1 ${where}`) - accuracy(`clip, 1 ${where}`) > 5, where);
  }
});

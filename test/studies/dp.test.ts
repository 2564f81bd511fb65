import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { restore, rog } from '../../src/attacks/index.js';
import { mean } from '../../src/core/numbers.js';
import { deriveSeed } from '../../src/core/random.js';
import { type Dataset, openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { checkPrivacy } from '../../src/federation/private-settings.js';
import { lenet } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { privacyBudget } from '../../src/privacy/index.js';
import { observeCase } from '../../src/studies/case.js';
import { settingsOf } from '../../src/studies/dp/dp-settings.js';
import {
  adoptRows,
  DP_PROFILES,
  type DpProfile,
  type DpRow,
  dpBudgets,
  dpFailed,
  dpFinished,
  dpStudy,
  leakageOf,
  multiplierOf,
  snrOf,
  victimsOf,
} from '../../src/studies/dp/index.js';
import { score } from '../../src/studies/score.js';
import { temporaryFolder } from '../assets/temporary.js';

const profile: DpProfile = {
  partition: { clients: 3 },
  training: { rounds: 2, cohort: 2, localSteps: 1, batchSize: 4, learningRate: 0.05, finalImages: 20 },
  shorter: { rounds: 1 },
  attackAt: [0, 1],
  victims: { images: 2, attacks: ['rog'], iterations: 4 },
  delta: 1e-5,
  budgets: { noiseMultipliers: [0.01, 1], clip: 1, delta: 1e-5 },
  rows: [
    { id: 'no noise', group: 'table', phi: 'none', snr: 'inf' },
    { id: '-5 dB', group: 'table', phi: 'noise:-5', snr: -5 },
    { id: 'short, DP-SGD', group: 'frontier', phi: 'none', privacy: { clip: 1, noiseMultiplier: 0.5 } },
    {
      ...{ id: 'short, client-level DP', group: 'frontier', phi: 'clip:2+sigma:6' },
      clientPrivacy: { clip: 2, noiseMultiplier: 3 },
    },
  ],
};

test('dpStudy: one result per row, each attacked at its rounds; a second call computes nothing again', async () => {
  await start({ threads: 1 });
  const scenes = await openDataset('scenes', { size: 16 });
  const data = { ...scenes, sizes: { train: 60, test: 40 } };
  const folder = temporaryFolder();
  const rows = await dpStudy(data, { profile, folder, workers: 1 });
  assert.deepEqual(
    rows.map(({ id, snr, phi }) => [id, snr, phi]),
    [
      ['no noise', 'inf', 'none'],
      ['-5 dB', -5, 'noise:-5'],
      ['short, DP-SGD', undefined, 'none'],
      ['short, client-level DP', undefined, 'clip:2+sigma:6'],
    ],
  );
  for (const { group, accuracy, leakage, engine, minutes } of rows) {
    assert.ok(accuracy >= 0 && accuracy <= 1 && minutes > 0 && engine.includes('1 thread'));
    assert.deepEqual([...new Set(leakage.map(({ round }) => round))], group === 'table' ? [0, 2] : [0]);
    assert.ok(leakage.every(({ psnr, ssim }) => psnr > 3 && psnr < 60 && ssim <= 1));
  }
  assert.equal(rows[0]!.epsilon, null);
  assert.deepEqual([rows[2]!.level, rows[3]!.level, rows[3]!.delta], ['example', 'client', 1e-5]);
  // One step of 4 of a client's 20 images; one release of a whole client that is known to take part.
  const budget = { delta: 1e-5, steps: 1 };
  assert.equal(rows[2]!.epsilon, privacyBudget({ ...budget, sampleRate: 4 / 20, noiseMultiplier: 0.5 }).epsilon);
  assert.equal(rows[3]!.epsilon, privacyBudget({ ...budget, sampleRate: 1, noiseMultiplier: 3 }).epsilon);
  assert.equal(rows[0]!.leakage[0]!.images, 2);
  const again = await dpStudy(data, { profile, folder, workers: 1 });
  assert.deepEqual(again, rows);
  const elsewhere = temporaryFolder();
  const moved = rows.map((row, i) => (i === 1 ? { ...row, settings: { ...row.settings, seed: 2 } } : row));
  const taken = await adoptRows(moved, data, { profile, folder: elsewhere });
  assert.deepEqual(taken, ['no noise', 'short, DP-SGD', 'short, client-level DP'], 'not a row of other settings');
  assert.deepEqual(await dpFinished(data, { profile, folder: elsewhere }), [rows[0], rows[2], rows[3]]);
  assert.deepEqual(await adoptRows(moved, data, { profile, folder }), [], 'what is there stays');
  const file = join(folder, 'no_noise.json');
  rmSync(file);
  const [first] = await dpStudy(data, { profile, folder, workers: 1, only: ['no noise'] });
  assert.ok(existsSync(file));
  assert.deepEqual({ ...first, minutes: 0 }, { ...rows[0], minutes: 0 });
  await assert.rejects(
    dpStudy(data, { profile, folder, only: ['0 dB'] }),
    /dpStudy: rows are no noise \| .*got "0 dB"/,
  );
  const failures: string[] = [];
  const hot: DpProfile = { ...profile, training: { ...profile.training, learningRate: 1e30 } };
  const wild = { profile: hot, folder: temporaryFolder(), workers: 1, only: ['no noise', '-5 dB'] };
  await assert.rejects(dpStudy(data, wild), /a client's loss is no number any more/);
  assert.deepEqual(await dpStudy(data, { ...wild, onFailed: (id) => failures.push(id) }), []);
  assert.deepEqual(failures, wild.only);
  const kept = await dpFailed(data, wild);
  assert.deepEqual(
    kept.map(({ id }) => id),
    wild.only,
  );
  assert.match(kept[0]!.error, /no number any more/);
  const points = await dpBudgets(data, { profile, folder, workers: 1 });
  assert.ok(points[0]!.epsilon > 100 * points[1]!.epsilon);
});

test("a row's own partition deals the images: its settings and its epsilon say so", async () => {
  await start({ threads: 1 });
  const scenes = await openDataset('scenes', { size: 16 });
  const data = { ...scenes, sizes: { train: 60, test: 40 } };
  const privacy = { clip: 1, noise: { multiplier: 0.5 } };
  const mechanism = { group: 'mechanism', phi: 'none', privacy, training: { cohort: 1 } } as const;
  const rows: DpRow[] = [
    { id: 'many', ...mechanism, partition: { clients: 6, by: 'dirichlet', concentration: 100 } },
    { id: 'one', ...mechanism, partition: { clients: 1 } },
  ];
  const folder = temporaryFolder();
  const [many, one] = await dpStudy(data, { profile: { ...profile, rows }, folder, workers: 1 });
  assert.deepEqual([many!.settings.partition, one!.settings.partition], [rows[0]!.partition, rows[1]!.partition]);
  const budget = { noiseMultiplier: 0.5, delta: 1e-5 };
  assert.equal(one!.epsilon, privacyBudget({ ...budget, sampleRate: 4 / 60, steps: 1 }).epsilon);
  assert.ok(Number(many!.epsilon) > Number(one!.epsilon), 'a client with fewer images is sampled more often');
  const moved = { ...profile, rows: rows.map((row) => ({ ...row, partition: { clients: 2 } })) };
  const [again] = await dpStudy(data, { profile: moved, folder: temporaryFolder(), workers: 1, only: ['many'] });
  assert.notEqual(again!.epsilon, many!.epsilon);
});

test('leakageOf: what else is made of pictures is a column where asked for, beside the same raw scores', async () => {
  await start({ threads: 1 });
  const data = await openDataset('scenes');
  const model = lenet({ seed: 1 });
  const defence = { phi: 'noise:-10', privacy: { clip: 2, scope: 'tensor' } } as const;
  const plan = { images: 2, attacks: ['rog'], iterations: 6 } as const;
  const [plain] = await leakageOf(model, data, defence, plan, 5, { workers: 1 });
  const further = ['restored', 'rogs'] as const;
  const [more] = await leakageOf(model, data, defence, { ...plan, further }, 5, { workers: 1 });
  const { restored, rogs, ...raw } = more!;
  assert.deepEqual(raw, plain);
  assert.ok(!('restored' in plain!) && !('rogs' in plain!));
  const victims = victimsOf(data, 2, 5);
  const images = await Promise.all(
    victims.map(async (batch, v) => {
      const observed = await observeCase(model, batch, { ...defence, seed: deriveSeed(5, 'phi', v) });
      const result = await rog(observed, { iterations: 6, seed: deriveSeed(5, 'start', v) });
      return (await score(batch, await restore(result, { classNames: data.classNames }))).psnr[0]!;
    }),
  );
  assert.ok(Math.abs(restored!.psnr - mean(images)) < 1e-3, `${restored!.psnr} and ${mean(images)}`);
  assert.ok(rogs!.ssim > -1 && rogs!.psnr > 3 && rogs!.psnr !== raw.psnr && rogs!.psnr !== restored!.psnr);
});

test('settings of a row say what is attacked only where it is', () => {
  const profile: DpProfile = DP_PROFILES['steps-short'];
  const data = { name: 'scenes' } as Dataset;
  for (const row of profile.rows)
    assert.equal('victims' in settingsOf(row, profile, data), row.attacked === true, row.id);
});

test('federated rows: every cohort shares the same steps, and each partition is of its name', () => {
  const all: readonly DpRow[] = DP_PROFILES['steps-short'].rows;
  const rows = all.filter(({ partition }) => partition);
  assert.equal(rows.length, 24);
  for (const { id, partition, training } of rows) {
    assert.equal(training!.cohort! * training!.localSteps!, DP_PROFILES['steps-short'].training.localSteps);
    assert.ok(id.endsWith(`, ${training!.cohort} of ${partition!.clients} clients, ${partition!.by}`));
  }
});

test("DP_PROFILES: what a row says of a client's noise is what its phi does", () => {
  for (const { phi, clientPrivacy } of DP_PROFILES.paper.rows.filter((row) => row.clientPrivacy)) {
    const { clip, noiseMultiplier } = clientPrivacy!;
    const long = [{ name: 'w', shape: [20_000], data: new Float32Array(20_000).fill(1) }];
    const observed = parseObfuscation(phi).apply(long, 3).tensors[0]!.data;
    const mean = observed.reduce((sum, v) => sum + v, 0) / observed.length;
    const deviation = Math.sqrt(observed.reduce((sum, v) => sum + (v - mean) ** 2, 0) / observed.length);
    assert.ok(Math.abs(deviation / (noiseMultiplier * clip) - 1) < 0.02);
    assert.ok(Math.abs(mean - clip / Math.sqrt(20_000)) < (4 * deviation) / Math.sqrt(20_000));
  }
});

test('noise inside the steps: rows have names of their own, and DP-SGD spends what its name says', () => {
  for (const profile of [DP_PROFILES.steps, DP_PROFILES['steps-short']]) {
    const rows: readonly DpRow[] = profile.rows;
    assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
    const { rounds, localSteps } = profile.training;
    for (const { id, privacy } of rows) {
      if (privacy) checkPrivacy(id, privacy);
      const named = Number(/^epsilon (\d+)(, seed \d+)?$/.exec(id)?.[1]);
      if (!named) continue;
      const { multiplier: noiseMultiplier } = privacy!.noise as { multiplier: number };
      const release = { sampleRate: 16 / 50_000, noiseMultiplier, steps: rounds * localSteps!, delta: profile.delta };
      const { epsilon } = privacyBudget(release);
      assert.ok(epsilon <= named && epsilon > 0.97 * named, `${id}: ${epsilon}`);
    }
  }
});

test('an SNR over N entries and a noise multiplier say the same', () => {
  assert.ok(Math.abs(snrOf(0.001, 1e6)) < 1e-9);
  for (const snr of [0, -5, -10]) assert.ok(Math.abs(snrOf(multiplierOf(snr, 2_155_968), 2_155_968) - snr) < 1e-9);
  assert.ok(Math.abs(multiplierOf(-10, 2_155_968) - 0.002154) < 1e-6);
});

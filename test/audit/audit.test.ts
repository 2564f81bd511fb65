import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type AuditConfig,
  type AuditResult,
  audit,
  auditPage,
  auditSchema,
  failuresOf,
  readConfig,
  verdictOf,
} from '../../src/audit/index.js';
import type { Layer } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { applyUpdate, clientUpdate } from '../../src/federation/index.js';
import { confidenceInterval } from '../../src/metrics/index.js';
import { network, saveWeights } from '../../src/models/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { config, fits, resultFits } from './small-audit.js';

const plain = ({ rows, tried }: AuditResult) =>
  JSON.stringify([rows, tried].map((list) => list.map(({ seconds: _, ...row }) => row)));

test('audit: every phi with known and inferred labels; a second run computes only what is missing', async () => {
  const folder = temporaryFolder();
  const first = await audit(config, { folder, workers: 1 });
  assert.deepEqual(
    first.rows.map(({ phi, labels }) => `${phi} ${labels}`),
    ['none known', 'none infer', 'sign known', 'sign infer'],
  );
  for (const { scores, pictures, labelsRight, distortion, phi, ranks } of first.rows) {
    assert.ok(ranks.length === 2 && ranks.every((rank) => rank >= 1 && rank <= first.retrieval.candidates));
    assert.ok(scores.psnr.length === 2 && pictures.length === 2 && labelsRight <= 1);
    assert.ok(phi === 'none' ? distortion < 1e-3 : distortion > 0.1 && distortion < 1);
  }
  const rows = join(folder, 'rows');
  const [one, two] = readdirSync(rows) as [string, string];
  assert.equal(readdirSync(rows).length, 4);
  rmSync(join(rows, one));
  writeFileSync(join(rows, two), '{"phi": "no');
  const told: { done: number; total: number; what: string; left: number }[] = [];
  const onProgress = (done: number, total: number, what: string, left: number) =>
    void told.push({ done, total, what, left });
  const again = await audit(config, { folder, workers: 1, onProgress });
  assert.equal(plain(again), plain(first));
  assert.deepEqual(
    told.map(({ done, total, what, left }) => [done, total, Boolean(what), left > 0]),
    [
      [2, 4, false, true],
      [3, 4, true, true],
      [4, 4, true, false],
    ],
  );
  const other = await audit({ ...config, seed: 2, phi: ['none'], labels: ['known'] }, { folder, workers: 1 });
  assert.notEqual(plain(other), plain({ ...first, rows: first.rows.slice(0, 1) }));
});

test('audit: changes go from the weakest on until nothing is rebuilt, and the least that helps is named', async () => {
  const low = { ...config, phi: ['none'], labels: ['known'] as const, remedies: true, iterations: 3 };
  const found = await audit({ ...low, threshold: { metric: 'psnr', value: 1 } }, { workers: 2 });
  const verdict = verdictOf(found);
  assert.equal(verdict.passed, false);
  assert.match(
    verdict.sentence,
    /^With unchanged updates of batch 2, 2 of 2 images are rebuilt recognisably \(PSNR at least 1\)$/,
  );
  assert.equal(verdict.remedy, undefined);
  assert.ok(
    found.tried.some(({ phi }) => phi === 'quantize:2'),
    'no threshold of 1 dB is ever met: families are walked to their end',
  );
  const safe = await audit({ ...low, threshold: { metric: 'psnr', value: 90 } }, { workers: 2 });
  assert.deepEqual([verdictOf(safe).passed, safe.tried.length], [true, 0]);
  const row = found.rows[0]!;
  const weak = { ...row, phi: 'a', distortion: 0.2, scores: { ...row.scores, psnr: [0, 0] } };
  const strong = { ...weak, phi: 'b', distortion: 0.9 };
  assert.equal(verdictOf({ ...found, tried: [strong, weak] }).remedy?.phi, 'a');
});

test('auditPage: hostile names are text, there is no script, and nothing is fetched', async () => {
  const found = await audit({ ...config, phi: ['none'], labels: ['known'], iterations: 2 }, { workers: 1 });
  const hostile = '<script>alert(1)</script>"\'&';
  const [batch] = found.subject.batches;
  const subject = {
    ...found.subject,
    model: hostile,
    data: hostile,
    notice: hostile,
    batches: [{ ...batch!, classNames: batch!.classNames.map(() => hostile) }],
  };
  const page = auditPage({ ...found, subject }, { version: hostile, engine: hostile });
  assert.doesNotMatch(page, /<script|onerror|javascript:|https?:/i);
  assert.match(page, /Content-Security-Policy" content="default-src 'none'/);
  assert.equal(page.match(/src="data:image\/png;base64,/g)?.length, 4);
});

test('readConfig: mistakes are one line with the fix', () => {
  const refused: [object, RegExp][] = [
    [{ phis: ['none'] }, /^RoglabError: audit: unknown option "phis"; did you mean "?phi"?\?/],
    [{ phi: [] }, /phi must be a list of at least one/],
    [{ phi: ['quantise:4'] }, /unknown obfuscation, got "quantise:4"; did you mean quantize\?/],
    [{ network: 'resnet81' }, /audit network: must be one of/],
    [{ labels: ['guess'] }, /labels must be one of known, infer/],
    [{ batch: 0 }, /batch must be/],
    [{ threshold: { metric: 'sssim', value: 1 } }, /did you mean "ssim"\?/],
  ];
  for (const [given, says] of refused) assert.throws(() => readConfig(given as AuditConfig), says);
});

test('audit: the sum of three clients; intervals of the scores; what a phi costs, by training with it', async () => {
  const training = { rounds: 2, localSteps: 2, clients: 2, images: 40 };
  const given = { ...config, phi: ['none', 'sign'], labels: ['known'] as const, iterations: 3, clients: 3, training };
  const found = await audit(given, { workers: 1 });
  assert.equal(found.rows[0]!.scores.psnr.length, 6);
  const verdict = verdictOf(found);
  assert.match(verdict.sentence, /summed over 3 clients/);
  const { halfWidth, mean } = confidenceInterval(found.rows[0]!.scores.ssim);
  const spread = verdict.phis.find(({ phi }) => phi === 'none')!.ssim;
  assert.deepEqual([spread.halfWidth, spread.mean.toFixed(9)], [halfWidth, mean.toFixed(9)]);
  assert.deepEqual(
    found.costs.map(({ phi }) => phi),
    ['none', 'sign'],
  );
  assert.ok(found.costs.every(({ accuracy }) => accuracy >= 0 && accuracy <= 1));
  const page = auditPage(found, { version: '1', engine: 'e' });
  assert.match(page, /What it costs in accuracy/);
  assert.ok(!/Several clients in one sum/.test(page));
  assert.match(page, /Each of the 3 clients obfuscates its own update/);
  const { json, schema } = resultFits(found);
  assert.throws(() => fits({ ...json, rows: [{}] }, schema, schema, 'result'), /result\.rows\.0\.phi is missing/);
  assert.throws(() => fits({ ...json, bounds: [{}] }, schema, schema, 'result'), /result\.bounds\.0\.phi is missing/);
  assert.throws(() => readConfig({ training: { rounds: 0 } }), /audit training: rounds must be an integer/);
});

test('audit: batch normalisation as the client trains, whatever the network says; told in the report', async () => {
  const [layer] = [{ kind: 'batchNorm', mode: 'eval' }] as const;
  const layers: Layer[] = [
    { kind: 'conv', filters: 4, size: 3 },
    layer,
    { kind: 'relu' },
    { kind: 'dense', units: 10 },
  ];
  const given = { ...config, network: { layers }, phi: ['none'], labels: ['known'] as const, iterations: 3 };
  const [asItIs, training] = [await audit(given), await audit({ ...given, batchNorm: 'train' })];
  assert.deepEqual(
    [asItIs, training].map(({ subject }) => subject.batchNorm),
    ['eval', 'train'],
  );
  assert.notDeepEqual(asItIs.rows[0]!.scores, training.rows[0]!.scores);
  const pages = [asItIs, training].map((found) => auditPage(found, { version: '1', engine: 'e' }));
  assert.match(pages[0]!, /running statistics \(evaluation mode\).*batchNorm: train/s);
  assert.match(pages[1]!, /batch&#39;s own statistics \(training mode\)|batch's own statistics \(training mode\)/);
  resultFits(training);
  await assert.rejects(audit({ ...config, batchNorm: 'train' }), /has no batchNorm layer whose mode could be set/);
});

test('auditSchema: takes and refuses what readConfig does, and tells its defaults', () => {
  const schema = JSON.parse(JSON.stringify(auditSchema()));
  const filled = readConfig({}) as unknown as Record<string, unknown>;
  const told = Object.entries(schema.properties as Record<string, { default?: unknown }>);
  const defaults = told.flatMap(([key, one]) => (one.default === undefined ? [] : [[key, one.default]]));
  assert.deepEqual(Object.fromEntries(defaults), filled);
  for (const good of [
    config,
    { precode: { units: 6 }, soteria: { pruned: 0.5 }, training: { rounds: 2 } },
    { client: { localSteps: 2, optimizer: 'adam', order: 'shuffled', frozen: ['conv0'], privacy: { clip: 1 } } },
  ] as const) {
    fits(good, schema, schema, 'config');
    readConfig(good as AuditConfig);
  }
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ batch: 'eight' }, /batch must be an integer/],
    [{ labels: 'known' }, /labels must be a list of at least one/],
    [{ remedies: 1 }, /remedies must be true or false/],
    [{ weights: 3 }, /weights must be text/],
    [{ threshold: { metric: 'ssim' } }, /threshold: value must be a number/],
    [{ training: [] }, /training must be an object/],
    [{ client: { localSteps: 'two' } }, /audit client: localSteps must be an integer/],
  ];
  for (const [given, says] of wrong) {
    assert.throws(() => fits(given, schema, schema, 'config'), assert.AssertionError, JSON.stringify(given));
    assert.throws(() => readConfig(given), says);
  }
  assert.throws(() => readConfig({ client: { seed: 1 } } as AuditConfig), /audit client: unknown option "seed"/);
});

test('audit: a real update is checked before it is attacked', async () => {
  const folder = temporaryFolder();
  const layers: Layer[] = [{ kind: 'conv', filters: 4, size: 3 }, { kind: 'sigmoid' }, { kind: 'dense', units: 10 }];
  const before = network({ name: 'own', layers, imageShape: [16, 16, 3], classes: 10, seed: 3 });
  const batch = (await openDataset('scenes', { size: 16 })).batch({ split: 'test', indices: [0, 1] });
  const client = { learningRate: 0.1 };
  const { tensors } = await clientUpdate(before, batch, client);
  const [weights, after] = [join(folder, 'before'), join(folder, 'after')];
  await saveWeights(weights, before);
  await saveWeights(after, applyUpdate(before, tensors, 0.1));
  const real = {
    ...config,
    network: { layers },
    weights,
    after,
    phi: ['none'],
    labels: ['known'] as const,
    iterations: 2,
  };
  const found = await audit({ ...real, client }, { workers: 1 });
  assert.ok(found.check?.agrees, found.check?.sentence);
  assert.match(auditPage(found, { version: '0', engine: 'none' }), /what stands here is a measurement/);
  const doubted = await audit({ ...real, client: { learningRate: 0.2 } }, { workers: 1 });
  assert.match(doubted.check?.sentence ?? '', /agrees with learning rate 0\.1$/);
  assert.match(auditPage(doubted, { version: '0', engine: 'none' }), /no measurement/);
  const { passed, sentence } = verdictOf(doubted);
  assert.equal(passed, false);
  assert.match(sentence, /^No verdict: the simulated client is not the real one: .* learning rate 0\.1$/);
  assert.deepEqual(failuresOf(doubted, { rebuilt: 1 }), [doubted.check!.sentence]);
  const missed = verdictOf({ ...found, audit: { ...found.audit, phi: ['none', 'sign'] } });
  assert.deepEqual([missed.passed, missed.sentence], [false, 'No verdict: phi sign: no attack could be made']);
  const leaks = { ...doubted, audit: { ...doubted.audit, threshold: { metric: 'psnr', value: 1 } as const } };
  assert.match(verdictOf(leaks).sentence, /^With .* rebuilt recognisably .*; the simulated client is not the real one/);
  assert.throws(() => readConfig({ after }), /after, the weights after a round, needs weights/);
});

test('audit: theory stands beside the attacks, and only what holds for pictures is called a promise', async () => {
  const noisy = { ...config, phi: ['none', 'sigma:0.05', 'quantize:4'], labels: ['known'] as const, iterations: 3 };
  const found = await audit(noisy, { workers: 1 });
  assert.equal(found.unbounded, undefined);
  assert.deepEqual(
    found.bounds.map(({ phi, bayesian }) => `${phi} ${bayesian?.kind ?? 'none'}`),
    ['none none', 'sigma:0.05 indication', 'quantize:4 indication'],
  );
  const [none, sigma] = found.bounds;
  assert.ok(none!.influence!.mse === 0 && sigma!.influence!.mse > 0);
  assert.match(sigma!.bayesian!.because.join(), /not independent normal pixels/);
  assert.equal(sigma!.bayesian!.beaten, sigma!.reached.mse < sigma!.bayesian!.mse);
  assert.equal(found.privacy, undefined);
  resultFits(found);
  const [untouched, fuzzy] = verdictOf(found).phis;
  assert.deepEqual([untouched!.bound, untouched!.influence], [undefined, undefined]);
  assert.equal(fuzzy!.bound!.psnr, sigma!.bayesian!.psnr);
  assert.equal(fuzzy!.influence, sigma!.influence!.psnr);
  const said = verdictOf({
    ...found,
    audit: { ...found.audit, phi: ['sigma:0.05'] },
    rows: found.rows.filter(({ phi }) => phi === 'sigma:0.05'),
  }).sentence;
  assert.match(said, /; (a Gaussian prior would hold an attacker to|the) [-\d.]+ dB/);
  const page = auditPage(found, { version: '0', engine: 'none' });
  assert.match(page, /<th class="n">bound \(dB\)<\/th><th class="n">influence \(dB\)<\/th>/);
  assert.match(page, /What theory says/);
  assert.match(page, /<b>Indications<\/b>/);
  assert.doesNotMatch(page, /<b>A promise<\/b>/);
  const [bound] = found.bounds.slice(1);
  const beaten = { ...bound!, bayesian: { ...bound!.bayesian!, beaten: true } };
  assert.match(
    auditPage({ ...found, bounds: [beaten] }, { version: '0', engine: 'none' }),
    /\(beaten\).*do not rely on it/s,
  );
  const off = await audit({ ...noisy, bounds: false }, { workers: 1 });
  assert.equal(off.bounds.length, 0);
  assert.doesNotMatch(auditPage(off, { version: '0', engine: 'none' }), /What theory says/);
});

test('audit: a client that noises its own steps has a promise by Gaussian differential privacy', async () => {
  const client = { localSteps: 4, privacy: { clip: 1, noiseMultiplier: 2 } };
  const found = await audit({ ...config, phi: ['none'], labels: ['known'], iterations: 2, client }, { workers: 1 });
  assert.equal(found.privacy?.mu, 1);
  const { prior, robustness } = found.privacy;
  const [own, second, tenth] = robustness;
  const { retrieval, rows } = found;
  const ranks = rows.map((row) => row.ranks.reduce((sum, rank) => sum + rank / row.ranks.length, 0));
  const best = Math.min(...ranks);
  assert.equal(found.privacy.retrieved?.rank, best);
  const share = retrieval.ranks.filter((rank) => rank <= best).length / retrieval.ranks.length;
  assert.ok(Math.abs(second!.kappa - Math.max(share, best / retrieval.candidates)) < 1e-12);
  const scenes = await openDataset('scenes', { size: 16 });
  const all = scenes.labels('test', [...Array(prior!.candidates).keys()]);
  const alike = [...found.subject.batches[0]!.labels].map((label) => 1 / all.filter((one) => one === label).length);
  assert.ok(Math.abs(own!.kappa - alike.reduce((sum, one) => sum + one / alike.length, 0)) < 1e-12);
  assert.ok(own!.gamma > own!.kappa && own!.gamma < 1);
  const { sentence } = verdictOf(found);
  assert.match(sentence, /; whatever the attack, a chance of [\d.]+ % to name an image without the update is at most/);
  resultFits(found);
  assert.ok(tenth!.kappa === 0.1 && Math.abs(tenth!.gamma - 0.3891) < 1e-3 && tenth!.renyi > tenth!.gamma);
  assert.deepEqual(Object.keys(found.bounds[0]!), ['phi', 'batch', 'reached']);
  assert.match(auditPage(found, { version: '0', engine: 'none' }), /<b>A promise<\/b>.*1\.00-Gaussian/s);
});

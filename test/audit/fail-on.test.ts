import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type AuditResult, audit, checkFailOn, failuresOf, parseFailOn } from '../../src/audit/index.js';
import { command } from '../../src/cli/audit.js';
import { temporaryFolder } from '../assets/temporary.js';
import { root } from '../fixtures.js';
import { config, fits } from './small-audit.js';

const small = { ...config, phi: ['none'], labels: ['known'] as const, iterations: 2 };

test('--fail-on: metrics, shares and robustness are read, mistakes are one line that names the nearest', () => {
  assert.deepEqual(parseFailOn('lpips:0.2'), { threshold: { metric: 'lpips', value: 0.2 } });
  assert.deepEqual(parseFailOn('psnr:20, rebuilt:1,gamma:0.5'), {
    threshold: { metric: 'psnr', value: 20 },
    rebuilt: 1,
    gamma: 0.5,
  });
  const refused: [string, RegExp][] = [
    ['ssim', /the form NAME:NUMBER, got "ssim"; e\.g\. ssim:0\.5; names: .*rebuilt, gamma/],
    ['', /the form NAME:NUMBER, got ""/],
    ['rebuilt:', /the form NAME:NUMBER/],
    ['ssim:0.5,', /the form NAME:NUMBER, got ""/],
    ['ssim:0.5:1', /the form NAME:NUMBER/],
    ['rebuild:0.1', /must be one of .*, got "rebuild"; did you mean "rebuilt"\?/],
    ['gama:0.1', /did you mean "gamma"\?/],
    ['sssim:0.1', /did you mean "ssim"\?/],
    ['rebuilt:0', /rebuilt must be above 0 and at most 1, got 0/],
    ['gamma:1.5', /gamma must be above 0 and at most 1, got 1\.5/],
    ['rebuilt:Infinity', /rebuilt must be above 0/],
    ['ssim:0.5,psnr:20', /one metric is enough/],
    ['rebuilt:0.5,rebuilt:0.6', /one rebuilt is enough/],
  ];
  for (const [text, says] of refused) assert.throws(() => parseFailOn(text), says, text);
  assert.throws(() => checkFailOn({ gamma: 0.5 }, { client: {} }), /a client that noises its own clipped steps/);
  checkFailOn({ gamma: 0.5 }, { client: { privacy: { clip: 1, noiseMultiplier: 2 } } });
});

test('--fail-on: a share is reached by a phi, not by all together; what is not measured has failed', async () => {
  const found = await audit(small, { workers: 1 });
  const [row] = found.rows;
  const rowOf = (phi: string, psnr: number[]) => ({ ...row!, phi, scores: { ...row!.scores, psnr } });
  const three = rowOf('none', [70, 61, 60, 20, 20, 20, 20, 20, 20, 20]);
  const one = rowOf('sign', [60, 20, 20, 20, 20, 20, 20, 20, 20, 20]);
  const result: AuditResult = { ...found, rows: [three, one] };
  const { threshold } = config;
  const count = (failOn: object) => failuresOf(result, failOn).length;
  assert.deepEqual([count({ threshold }), count({ rebuilt: 0.1 }), count({ rebuilt: 0.3 })], [2, 2, 1]);
  assert.deepEqual([count({ threshold, rebuilt: 0.31 }), count({ rebuilt: 1 }), count({})], [0, 0, 0]);
  assert.deepEqual(failuresOf(result, { rebuilt: 0.3 }), ['phi none: 3 of 10 images rebuilt, a share of 0.3']);
  const { lpips: _, ...scores } = row!.scores;
  const blind = { ...found, audit: { ...found.audit, threshold: { metric: 'lpips' as const, value: 0.2 } } };
  assert.match(failuresOf({ ...blind, rows: [{ ...row!, scores }] }, { rebuilt: 1 })[0]!, /no image has a score of/);
  const unknown = { ...row!, scores: { ...scores, lpips: [Number.NaN, Number.NaN] } };
  assert.equal(failuresOf({ ...blind, rows: [unknown] }, { threshold }).length, 1);
  assert.throws(() => failuresOf(found, { rebuild: 0.1 } as never), /did you mean "rebuilt"\?/);
});

test('--fail-on gamma: the robustness of the verdict decides, and without any it fails', async () => {
  const client = { localSteps: 4, privacy: { clip: 1, noiseMultiplier: 2 } };
  const found = await audit({ ...small, client }, { workers: 1 });
  const { gamma } = found.privacy!.robustness[0]!;
  assert.equal(failuresOf(found, { gamma: gamma + 1e-9 }).length, 0);
  assert.equal(failuresOf(found, { gamma }).length, 1);
  const { privacy: _, ...bare } = found;
  assert.match(failuresOf(bare, { gamma: 1 })[0]!, /adds no noise/);
});

test('roglab audit --fail-on: the exit code, and the reasons in audit.json as its schema says', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify({ ...small, threshold: undefined }));
  const schema = JSON.parse(readFileSync(join(root, 'data/audit-result.schema.json'), 'utf8'));
  const run = async (...failOn: string[]) => {
    const code = await command(['--config', file, '--out', folder, '--workers', '1', ...failOn]);
    const json = JSON.parse(readFileSync(join(folder, 'audit.json'), 'utf8'));
    fits(json, schema, schema, 'result');
    return [code, json.gate?.passed, json.gate?.because.length];
  };
  assert.deepEqual(await run(), [0, undefined, undefined]);
  assert.deepEqual(await run('--fail-on', 'psnr:1,rebuilt:1'), [1, false, 1]);
  assert.deepEqual(await run('--fail-on', 'psnr:90,rebuilt:0.5'), [0, true, 0]);
  assert.deepEqual(await run('--fail-on', 'psnr:1'), [1, false, 1]);
  await assert.rejects(run('--fail-on', 'rebuild:0.1'), /did you mean "rebuilt"\?/);
  await assert.rejects(run('--fail-on', 'gamma:0.1'), /client\.privacy in the config/);
});

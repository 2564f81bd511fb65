import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuditConfig, audit, auditPage, readConfig, verdictOf } from '../../src/audit/index.js';
import type { Layer } from '../../src/core/types.js';
import { config, resultFits } from './small-audit.js';

test('audit: PRECODE and Soteria, attacked also by one who knows of them; an update that tells no labels', async () => {
  const layers: Layer[] = [{ kind: 'conv', filters: 4, size: 3 }, { kind: 'sigmoid' }, { kind: 'dense', units: 10 }];
  const some = {
    ...config,
    network: { layers: [...layers.slice(0, 2), { kind: 'dense', units: 8 }, layers[2]!] } as const,
  };
  const few = { ...some, phi: ['none'], labels: ['known', 'infer'] as const, iterations: 2, bounds: false };
  const attackers = async (more: AuditConfig) => {
    const found = await audit({ ...few, ...more }, { workers: 1 });
    resultFits(found);
    return { found, said: found.rows.map(({ labels, ignoring = '' }) => `${labels} ${ignoring}`) };
  };
  const bottle = await attackers({ precode: { units: 6 } });
  assert.match(bottle.found.subject.model, /PRECODE/);
  assert.deepEqual(bottle.said, ['known ', 'known bottleneck3+dense4', 'infer ', 'infer bottleneck3+dense4']);
  const pruned = await attackers({ soteria: { pruned: 0.5 }, clients: 2 });
  assert.deepEqual(pruned.said, ['known ', 'known dense2', 'infer ', 'infer dense2']);
  const [whole, left] = pruned.found.rows;
  assert.ok(whole!.distortion > 0.05 && whole!.distortion === left!.distortion, `${whole!.distortion}`);
  assert.match(auditPage(pruned.found, { version: '0', engine: 'e' }), /known, dense2 left out/);
  const better = { ...left!, scores: { ...left!.scores, psnr: [90, 90], ssim: [1, 1] } };
  const [best] = verdictOf({ ...pruned.found, rows: [whole!, better] }).phis;
  assert.deepEqual([best!.ignoring, best!.rebuilt], ['dense2', 2]);
  const headless = await attackers({ phi: ['none', 'without:dense3'] });
  assert.deepEqual(headless.said, ['known ', 'infer ', 'known ']);
  assert.deepEqual(
    headless.found.untried.map(({ phi, labels }) => `${phi} ${labels}`),
    ['without:dense3 infer'],
  );
  assert.match(
    auditPage(headless.found, { version: '0', engine: 'e' }),
    /labels inferred: inferLabels: the last dense/,
  );
  await assert.rejects(attackers({ phi: ['without:dense3'], labels: ['infer'] }), /no attack can be made: inferLabels/);
  await assert.rejects(attackers({ phi: ['none', 'without:dense7'] }), /no tensor .* "dense7"; layers: conv0, dense2/);
  assert.throws(() => readConfig({ precode: { unit: 6 } as never }), /unknown option "unit"; did you mean "units"/);
  assert.throws(() => readConfig({ precode: { units: 0 } }), /audit precode: units must be an integer of at least 1/);
  assert.throws(
    () => readConfig({ soteria: { prune: 0.5 } as never }),
    /audit soteria: unknown option "prune".*"pruned"/,
  );
  assert.throws(() => readConfig({ soteria: { pruned: 1 } }), /audit soteria: pruned must be/);
});

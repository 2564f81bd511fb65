import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AuditRow } from '../../src/audit/audit-rows.js';
import { audit } from '../../src/audit/index.js';
import { config } from './small-audit.js';

test('an audit that is stopped names what had finished, gives it, and goes on from its folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'roglab-audit-'));
  try {
    const stop = new AbortController();
    const onProgress = (done: number): void => void (done === 1 && stop.abort());
    const stopped = audit(config, { folder, workers: 1, signal: stop.signal, onProgress });
    const error = await stopped.catch((error: Error & { rows: AuditRow[] }) => error);
    assert.ok(error instanceof Error && 'rows' in error, 'it ends by the stop');
    assert.equal(error.name, 'RoglabError');
    assert.match(error.message, /^audit: stopped; finished attacks: \d; the same call goes on from /);
    assert.ok(error.rows.length >= 1 && error.rows.length < 4, `${error.rows.length} rows`);
    assert.equal((error.cause as Error).name, 'AbortError');

    const again = audit(config, { folder, signal: AbortSignal.abort() });
    await assert.rejects(again, /stopped before its attacks; the same call goes on from /, 'it denies no kept row');

    const dones: number[] = [];
    const whole = await audit(config, { folder, workers: 1, onProgress: (done) => dones.push(done) });
    assert.equal(dones[0], error.rows.length, 'kept rows count as finished');
    assert.deepEqual(whole.rows[0]!.scores, error.rows[0]!.scores);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('an audit that is stopped before it begins says where it could go on', async () => {
  await assert.rejects(
    audit(config, { signal: AbortSignal.abort() }),
    /stopped before its attacks; with a folder the same call/,
  );
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../assets/temporary.js';
import { root } from '../fixtures.js';

const folder = temporaryFolder();
const config = join(folder, 'audit.json');
writeFileSync(
  config,
  JSON.stringify({
    network: { layers: [{ kind: 'conv', filters: 3, size: 3 }, { kind: 'sigmoid' }, { kind: 'dense', units: 10 }] },
    data: 'scenes',
    size: 16,
    batch: 2,
    phi: ['none', 'sign', 'quantize:3', 'topk:0.9'],
    iterations: 40,
    labels: ['known'],
    remedies: false,
  }),
);

const rowsOf = (out: string): string[] => {
  const rows = join(out, 'rows');
  return existsSync(rows) ? readdirSync(rows).filter((name) => name.endsWith('.json')) : [];
};

/** `roglab audit`, killed (SIGKILL) as soon as `rows` attacks are on disk: how many it said it did, how it ended. */
function run(out: string, rows = Number.POSITIVE_INFINITY) {
  const args = ['dist/src/cli.js', 'audit', '--config', config, '--out', out, '--workers', '1'];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const watch = setInterval(() => {
    if (rowsOf(out).length >= rows) child.kill('SIGKILL');
  }, 5);
  return new Promise<{ readonly signal: string | null; readonly attacks: number; readonly said: string }>((resolve) => {
    child.on('close', (_, signal) => {
      clearInterval(watch);
      resolve({ signal, attacks: said.match(/ attacks, .* done/g)?.length ?? 0, said });
    });
  });
}

/** All of audit.json but for the seconds that attacks took. */
const found = (out: string): string =>
  JSON.stringify(JSON.parse(readFileSync(join(out, 'audit.json'), 'utf8')), (key, value) =>
    key === 'seconds' ? undefined : value,
  );

test('roglab audit, killed twice with SIGKILL, goes on to the result of one that was not', async () => {
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  const once = await run(whole);
  assert.equal(once.attacks, 4, once.said);
  for (const rows of [1, 2]) {
    const { signal, said } = await run(killed, rows);
    assert.equal(signal, 'SIGKILL', said);
    assert.ok(!existsSync(join(killed, 'audit.json')));
    assert.ok(rowsOf(killed).length >= rows && rowsOf(killed).length < 4);
  }
  const kept = rowsOf(killed).length;
  const last = await run(killed);
  assert.equal(last.signal, null);
  assert.ok(last.attacks <= 4 - kept, `${last.attacks} attacks with ${kept} on disk`);
  assert.equal(found(killed), found(whole));
  const page = readFileSync(join(killed, 'audit.html'), 'utf8').replace(/<td class="n">\d+\.\d<\/td>/g, '');
  assert.equal(page, readFileSync(join(whole, 'audit.html'), 'utf8').replace(/<td class="n">\d+\.\d<\/td>/g, ''));
});

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
    iterations: 80,
    labels: ['known'],
    remedies: false,
  }),
);

const rowsOf = (out: string): string[] => {
  const rows = join(out, 'rows');
  return existsSync(rows) ? readdirSync(rows).filter((name) => name.endsWith('.json')) : [];
};

interface Ended {
  readonly signal: string | null;
  readonly code: number | null;
  readonly attacks: number;
  readonly said: string;
}

/** `roglab audit`, sent `kill` as soon as `rows` attacks are on disk: how many it said it did, how it ended. */
function run(out: string, rows = Number.POSITIVE_INFINITY, kill: NodeJS.Signals = 'SIGKILL'): Promise<Ended> {
  const args = ['dist/src/cli.js', 'audit', '--config', config, '--out', out, '--workers', '1'];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const watch = setInterval(() => {
    if (rowsOf(out).length < rows) return;
    clearInterval(watch);
    child.kill(kill);
  }, 5);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearInterval(watch);
      resolve({ signal, code, attacks: said.match(/ attacks, .* done/g)?.length ?? 0, said });
    });
  });
}

/** All of audit.json but for the seconds that attacks took. */
const found = (out: string): string =>
  JSON.stringify(JSON.parse(readFileSync(join(out, 'audit.json'), 'utf8')), (key, value) =>
    key === 'seconds' ? undefined : value,
  );

test('roglab audit, killed and then stopped by Ctrl-C, goes on to the result of one that was not', async () => {
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  const once = await run(whole);
  assert.equal(once.attacks, 4, once.said);
  for (const kill of ['SIGKILL', 'SIGINT'] as const) {
    const rows = rowsOf(killed).length + 1; // so that its own attacks have begun
    const { signal, code, said } = await run(killed, rows, kill);
    if (kill === 'SIGKILL') assert.equal(signal, kill, said);
    else {
      assert.equal(code, 130, said);
      const told = `stopped; finished attacks: ${rowsOf(killed).length}; the same call goes on from `;
      assert.ok(said.trim().split('\n').at(-1)!.includes(told), said);
    }
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

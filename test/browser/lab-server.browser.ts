import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../fixtures.js';
import { skip } from './harness.js';

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z';
  } catch {
    return false;
  }
};

test('roglab lab: its token is its owner’s alone, and killed outright it leaves no server behind', async (t) => {
  if (skip) return t.skip(skip);
  if (process.platform !== 'linux') return t.skip('looks into /proc');
  const lab = spawn(process.execPath, [join(root, 'dist/src/cli.js'), 'lab', '--port', '8951'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  lab.stdout.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  for (let i = 0; i < 600 && !said.includes('Ctrl-C'); i++) await sleep(200);
  assert.match(said, /JupyterLab {8}http:\/\/localhost:\d+\/lab\/tree\/lab\/00-start\.ipynb\?token=/);
  const mode = (path: string): string => (statSync(join(root, '.lab', path)).mode & 0o777).toString(8);
  assert.deepEqual([mode('home'), mode('home/runtime'), mode('lab.log')], ['700', '700', '600']);
  const runtime = join(root, '.lab/home/runtime');
  for (const name of readdirSync(runtime))
    if (statSync(join(runtime, name)).isFile()) assert.equal(mode(`home/runtime/${name}`), '600', name);
  const cards = readdirSync(runtime).filter((name) => /^jpserver-\d+\.json$/.test(name));
  const { pid: server } = cards
    .map((name) => JSON.parse(readFileSync(join(runtime, name), 'utf8')) as { pid: number; token: string })
    .find(({ token }) => said.includes(token))!;
  assert.ok(alive(server));
  lab.kill('SIGKILL');
  for (let i = 0; i < 100 && alive(server); i++) await sleep(200);
  assert.ok(!alive(server), 'the server ends with the process that started it');
});

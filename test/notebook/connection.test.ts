import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { openConnection } from '../../src/notebook/connection.js';
import { temporaryFolder } from '../assets/temporary.js';
import { root } from '../fixtures.js';

const folder = temporaryFolder();
const long = join(folder, 'x'.repeat(140));
const missing = join(folder, 'missing');
mkdirSync(long);
const unix = process.platform !== 'win32';

test('openConnection: sockets in the first folder whose path is short enough, else on this machine alone by TCP', {
  skip: !unix,
}, async () => {
  for (const [candidates, at, transport] of [
    [[folder, long], folder, 'ipc'],
    [[long, folder], folder, 'ipc'],
    [[missing, folder], folder, 'ipc'],
    [[long], long, 'tcp'],
    [[missing, long], long, 'tcp'],
  ] as const) {
    const { connection, file, remove } = await openConnection(candidates);
    assert.equal(dirname(dirname(file)), at);
    assert.equal(connection.transport, transport);
    assert.equal(connection.ip, transport === 'tcp' ? '127.0.0.1' : join(dirname(file), 'k'));
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), connection);
    assert.deepEqual([statSync(file).mode & 0o777, statSync(dirname(file)).mode & 0o777], [0o600, 0o700]);
    const ports = ['shell', 'iopub', 'stdin', 'control', 'hb'].map((name) => connection[`${name}_port` as const]);
    assert.equal(new Set(ports).size, 5);
    remove();
    assert.equal(existsSync(dirname(file)), false);
  }
  await assert.rejects(openConnection([missing]), {
    name: 'RoglabError',
    message: /^kernel: no folder for temporary files can be written: .*missing: ENOENT; set TMPDIR to one that can$/,
  });
});

const cell = { cell_type: 'code', metadata: {}, source: 'console.log(6 * 7)', outputs: [] };
writeFileSync(join(folder, 'a.ipynb'), JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] }));

for (const [what, TMPDIR] of Object.entries({ 'of 140 characters': long, missing, 'relative to this folder': '.' }))
  test(`roglab run: a TMPDIR ${what} is no end, and nothing is left in it`, () => {
    const words = ['run', '--notebooks', folder, '--out', join(folder, 'out')];
    const env = { ...process.env, TMPDIR };
    const cli = join(root, 'dist/src/cli.js');
    const ended = spawnSync(process.execPath, [cli, ...words], { env, cwd: long, encoding: 'utf8', timeout: 60_000 });
    assert.equal(ended.status, 0, ended.stderr);
    assert.match(ended.stdout, /1 of 1 notebooks ran/);
    assert.match(readFileSync(join(folder, 'out/a.ipynb'), 'utf8'), /42/);
    assert.deepEqual(readdirSync(long), []);
  });

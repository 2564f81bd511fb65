/** JupyterLab by its system calls: it looks up no host, and writes only where it says. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../fixtures.js';
import { blind } from '../spy.js';
import { skip } from './harness.js';

/** A name server's port, or an address that is not this machine's. Its own name, localhost, is in a file. */
const OUTSIDE = /htons\(53\)|sin_addr=inet_addr\("(?!127\.|0\.0\.0\.0)|inet_pton\(AF_INET6, "(?!::1?")/;
/** A file opened to be written or made, a folder, a new name. */
const WRITTEN =
  /(?:openat\([^,]*?, "([^"]+)", [^)]*O_(?:WRONLY|RDWR|CREAT)|mkdir(?:at)?\((?:[^",]*, )?"([^"]+)"|rename\w*\(.*"([^"]+)").* = (?!-1)/;

/** What JupyterLab's front end asks for by itself at a start and after, and a kernel. */
const ASKED = ['lab', 'lab/api/news', 'lab/api/update', 'lab/api/extensions', 'lab/api/settings', 'api/kernelspecs'];

test('roglab lab: news, updates, extensions, a kernel look up no host and write in its own folders only', async (t) => {
  if (skip) return t.skip(skip);
  if (blind) return t.skip(`SKIPPED, what JupyterLab asks of the system is not seen: ${blind}`);
  const home = mkdtempSync(join(tmpdir(), 'roglab-home-'));
  const trace = `${home}.trace`;
  const calls = 'trace=connect,sendto,sendmsg,sendmmsg,openat,mkdir,mkdirat,rename,renameat,renameat2';
  const program = [process.execPath, join(root, 'dist/src/cli.js'), 'lab', '--port', '8961'];
  const lab = spawn('strace', ['-f', '-qq', '--seccomp-bpf', '-e', calls, '-o', trace, ...program], {
    env: {
      ...process.env,
      HOME: home,
      XDG_CACHE_HOME: undefined,
      XDG_CONFIG_HOME: undefined,
      XDG_DATA_HOME: undefined,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => lab.once('exit', resolve));
  let said = '';
  lab.stdout.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  try {
    for (let i = 0; i < 900 && !said.includes('Ctrl-C') && lab.exitCode === null; i++) await sleep(200);
    const [, address, token] = /(http:\S+\/)lab\/tree\S+token=(\w+)/.exec(said) ?? [];
    assert.ok(address, said);
    const ask = (path: string, method = 'GET', body?: object) =>
      fetch(`${address}${path}`, {
        method,
        headers: { authorization: `token ${token}` },
        ...(body && { body: JSON.stringify(body) }),
      });
    for (const path of ASKED) await (await ask(path)).arrayBuffer();
    const kernel = await ask('api/kernels', 'POST', { name: 'roglab' });
    assert.equal(kernel.status, 201);
    await sleep(15_000); // an update check of a library would come some seconds after its start
    const { id } = (await kernel.json()) as { id: string };
    assert.equal((await ask(`api/kernels/${id}`, 'DELETE')).status, 204);
  } finally {
    const tracee = Number(readFileSync(`/proc/${lab.pid}/task/${lab.pid}/children`, 'utf8').split(' ')[0]);
    if (tracee) process.kill(tracee, 'SIGTERM');
    await ended;
  }
  const lines = readFileSync(trace, 'utf8').split('\n');
  const left = readdirSync(home, { recursive: true });
  const own = [join(root, '.lab'), join(root, 'lab'), tmpdir(), '/dev/', '/proc/'];
  const written = lines.flatMap((line) => {
    const found = WRITTEN.exec(line);
    return found ? [found[1] ?? found[2] ?? found[3]!] : [];
  });
  assert.ok(
    written.some((path) => path.startsWith(join(root, '.lab/home/runtime'))),
    'writing is seen',
  );
  assert.ok(
    lines.some((line) => line.includes('connect(')),
    'connections are seen',
  );
  rmSync(home, { recursive: true, force: true });
  rmSync(trace, { force: true });
  assert.deepEqual(
    lines.filter((line) => OUTSIDE.test(line)),
    [],
  );
  assert.deepEqual(
    written.filter((path) => path.startsWith('/') && !own.some((folder) => path.startsWith(folder))),
    [],
  );
  assert.deepEqual(left, []);
});

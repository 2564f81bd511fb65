import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from '../assets/temporary.js';

const root = temporaryFolder();
const script = fileURLToPath(new URL('runs.js', import.meta.url));
const content = randomBytes(3_000_000);
const server = createServer((_, response) => {
  response.writeHead(200, { 'content-length': content.length });
  response.write(content.subarray(0, 1_000_000));
  setTimeout(() => response.end(content.subarray(1_000_000)), 30);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => server.close());

test('two processes that download at once into one cache both get the file, 40 of 40', {
  timeout: 300_000,
}, async () => {
  const asset = {
    name: 'file.bin',
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.bin`,
    bytes: content.length,
    hash: { sha256: createHash('sha256').update(content).digest('hex') },
    licence: 'none',
  };
  const module = JSON.stringify(new URL('../../src/assets/download.js', import.meta.url).href);
  for (let k = 0; k < 20; k++) {
    const cache = join(root, String(k));
    mkdirSync(cache);
    const code =
      `import(${module}).then(({ download }) => download(${JSON.stringify(asset)}, { cache: ` +
      `${JSON.stringify(cache)} }))`;
    await Promise.all([0, 1].map(() => promisify(execFile)(process.execPath, ['-e', code])));
    assert.deepEqual(readFileSync(join(cache, 'file.bin')), content);
    assert.deepEqual(readdirSync(cache), ['file.bin']);
  }
});

for (const [first, second] of [
  ['attack', 'attack'],
  ['attack', 'restarts'],
  ['fit', 'federate'],
] as const)
  test(`${first} and ${second} on one checkpoint: the second is refused at once, the first ends as alone`, async () => {
    const checkpoint = join(root, `${first} ${second}`);
    const run = (kind: string, file: string) => promisify(execFile)(process.execPath, [script, kind, file]);
    const alone = (await run(first, `${checkpoint} alone`)).stdout.trim().split('\n').at(-1);
    const child = spawn(process.execPath, [script, first, checkpoint], { stdio: ['ignore', 'pipe', 'ignore'] });
    let last = '';
    let refused: Promise<unknown> | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      last = line;
      if (refused || line !== 'step 1') continue;
      child.kill('SIGSTOP'); // however quick it is, the other one finds it at work
      refused = assert.rejects(run(second, checkpoint), /another run holds .*process \d+ on/);
      await refused;
      child.kill('SIGCONT');
    }
    assert.ok(refused);
    assert.equal(last, alone);
  });

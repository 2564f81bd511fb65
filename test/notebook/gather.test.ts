import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gather } from '../../src/notebook/gather.js';

test('gather: the first text at once, a burst in few messages, in order and whole, long texts in parts', async () => {
  const sent: string[] = [];
  const { write, flush } = gather(
    (text) => sent.push(text),
    () => {},
    20,
  );
  write('first\n');
  assert.deepEqual(sent, ['first\n']);
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`);
  for (const line of lines) write(line);
  flush();
  assert.ok(sent.length < 60, String(sent.length));
  assert.equal(sent.join(''), `first\n${lines.join('')}`);
  flush();
  write('late');
  await sleep(50);
  assert.equal(sent.at(-1), 'late');
});

test('gather: what another stream holds goes first; bytes of a cut letter are joined', () => {
  const sent: string[] = [];
  const one = gather(
    (text) => sent.push(`1${text}`),
    () => two.flush(),
    1000,
  );
  const two = gather(
    (text) => sent.push(`2${text}`),
    () => one.flush(),
    1000,
  );
  one.write('a');
  two.write('b');
  one.write('c');
  two.write('d');
  one.write(Buffer.from([0xc3]));
  one.write(Buffer.from([0xa9]));
  one.flush();
  assert.deepEqual(sent, ['1a', '2b', '1c', '2d', '1é']);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kernel, startKernel } from '../../src/notebook/kernel.js';
import { root } from '../fixtures.js';

/**
 * What the front page says is done as it says: every block of code is a cell, in the order of the page, in one kernel.
 */
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code!);
const lines = readme.split('\n');

let kernel: Kernel;
before(async () => {
  kernel = await startKernel({ cwd: root, env: { ROGLAB_DATA: 'scenes' } });
});
after(() => kernel?.stop());

test('README.md: at most 120 lines, with code', () => {
  assert.ok(lines.length <= 121, `${lines.length} lines`);
  assert.ok(blocks.length >= 3);
});

for (const [k, code] of blocks.entries())
  test(`README.md: block ${k + 1} runs as a cell: ${code.trim().split('\n')[0]}`, async () => {
    let said = '';
    const hear = ({ type, content }: { type: string; content: Record<string, unknown> }): void => {
      if (type === 'stream' && content.name === 'stderr') said += content.text;
    };
    const status = await kernel.execute(code, hear, 240);
    if (status === 'error') await sleep(300); // tslab refuses what comes at once after an error
    assert.deepEqual([status, said], ['ok', '']);
  });

test('README.md: every file that it links to is there', () => {
  const targets = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target]) => target!);
  assert.ok(targets.length > 10);
  for (const target of targets) assert.ok(readFileSync(join(root, target)), target);
});

test('README.md: every command of roglab and every script of npm that it names exists', async () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const called = [...readme.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!);
  for (const name of called) assert.ok(name in scripts, name);
  const cli = readFileSync(join(root, 'src/cli.ts'), 'utf8');
  for (const [, name] of readme.matchAll(/npx roglab (\w+)/g)) assert.match(cli, new RegExp(`^  ${name}: '`, 'm'));
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { temporaryFolder } from '../assets/temporary.js';
import { root } from '../fixtures.js';

const folder = temporaryFolder();

const train = (...args: string[]) => {
  const options = { encoding: 'utf8', env: { ...process.env, ROGLAB_CACHE: folder, ROGLAB_DATA: '' } } as const;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist/src/cli.js'), 'train', ...args],
    options,
  );
  return { status, stdout, lines: stderr.trim().split('\n') };
};

test('roglab train: help names every network that ships; a wrong name or flag gets the nearest right one', () => {
  const help = train('--help');
  assert.equal(help.status, 0);
  for (const name of ['tagger', 'trunk', 'trunk-loss', 'restorer', 'generator'])
    assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
  assert.match(
    train('tager').lines.at(-1)!,
    /^roglab train: NAME must be one of .*got "tager"; did you mean "tagger"\?$/,
  );
  assert.match(train('trunk', '--epoch', '3').lines.at(-1)!, /unknown flag --epoch; did you mean --epochs\?/);
  assert.match(train('trunk', '--epochs', '0').lines.at(-1)!, /--epochs must be an integer of at least 1, got 0/);
});

test('roglab train: data without images to train on, a checkpoint that is none: one line, no weights', () => {
  const out = join(folder, 'out');
  const empty = join(folder, 'cifar');
  assert.match(
    train('trunk', '--data', `cifar10:${empty}`, '--out', out).lines.at(-1)!,
    /the folder of cifar10 must hold test_batch\.bin/,
  );
  const checkpoint = join(folder, 'training', 'trunk.checkpoint');
  writeFileSync(join(folder, 'other'), 'not a checkpoint');
  const refused = train('trunk', '--data', 'scenes', '--resume', join(folder, 'other'), '--out', out);
  assert.match(refused.lines.at(-1)!, /loadCheckpoint .*other: .*(safetensors|bytes)/);
  assert.ok(!existsSync(out) && !existsSync(checkpoint));
});

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { attackAnswer } from '../../src/cli/attack-answer.js';
import { flagOf } from '../../src/core/option-table.js';
import type { Scores } from '../../src/core/types.js';
import { ATTACKS, type AttackName, OPTIONS } from '../../src/registry/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { root } from '../fixtures.js';

const folder = temporaryFolder();

function attack(...flags: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, ROGLAB_DEBUG: '' };
  return spawnSync(process.execPath, [join(root, 'dist/src/cli.js'), 'attack', ...flags], { encoding: 'utf8', env });
}

for (const name of Object.keys(ATTACKS) as AttackName[])
  test(`roglab attack --attack ${name} --help tells every option that can be written, with its form`, () => {
    const { status, stdout } = attack('--attack', name, '--help');
    assert.equal(status, 0);
    for (const [option, { form, about }] of Object.entries(OPTIONS[name])) {
      if (form === undefined) assert.ok(!stdout.includes(`--${flagOf(option)} `), option);
      else if (option !== 'seed')
        assert.ok(stdout.includes(`--${flagOf(option)} ${form}`) && stdout.includes(about), option);
    }
  });

const WRONG: readonly [string, RegExp][] = [
  ['--seeds 2', /^roglab attack: --attack rog has no --seeds; an option of gradInversion$/],
  ['--attack gradInversion --seeds 2.5', /^roglab attack: --seeds must be an integer from 1 to 64, got 2.5$/],
  ['--attack gradInversion --batch-norm -1', /^roglab attack: --batch-norm must be a number of at least 0, got -1$/],
  ['--iteration 3', /^roglab attack: unknown flag --iteration; did you mean --iterations\?$/],
  ['--attack rgo', /^roglab attack: --attack must be one of analytic, .*, got "rgo"; did you mean "rog"\?$/],
  ['--attack dlg --rate 0', /^roglab attack: --rate must be a number above 0, got 0$/],
  ['--attack rogs --relax maybe', /^roglab attack: --relax must be true or false, got "maybe"$/],
  ['--size 8', /^roglab attack: --size must be an integer of at least 16, got 8$/],
  [
    '--data scenes --batch 2 --phi quantise:3',
    /parseObfuscation: unknown obfuscation, got "quantise:3"; did you mean quantize/,
  ],
];

for (const [flags, said] of WRONG)
  test(`roglab attack ${flags} is refused in one line`, () => {
    const { status, stdout, stderr } = attack(...flags.split(' '));
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr.trim().split('\n').at(-1)!, said);
  });

test('roglab attack: the options reach the attack; pictures and one line of JSON come out', () => {
  const flags = '--data scenes --size 16 --attack dlg --iterations 3 --rate 0.5 --optimizer adam --restarts 2 --seed 4';
  const { status, stdout, stderr } = attack(...flags.split(' '), '--json', '--out', folder);
  assert.equal(status, 0, stderr);
  const { closures, settings, labels } = JSON.parse(stdout);
  assert.equal(closures, 6);
  assert.equal(labels, 'known');
  assert.deepEqual(settings.stages[0].rate, [0.5, 0.05]);
  assert.deepEqual([settings.optimizer, settings.restarts, settings.seed], ['adam', 2, 4]);
  assert.deepEqual(readdirSync(folder).sort(), ['grid.png', 'private-0.png', 'reconstructed-0.png']);
});

test('roglab attack: without --json a person reads one line', () => {
  const flags = '--data scenes --size 16 --batch 2 --attack dlg --iterations 3 --labels known';
  const { status, stdout, stderr } = attack(...flags.split(' '), '--out', folder);
  assert.equal(status, 0, stderr);
  assert.match(
    stdout,
    /^mean \d+\.\d dB, SSIM -?\d\.\d\d(, LPIPS \d\.\d{3})?, [0-2] of 2 labels; \d+ s; pictures in .+\n$/,
  );
});

test('attackAnswer: means, what was raw, labels as a multiset', () => {
  const scores = (psnr: number[]) => ({ psnr, ssim: [0.5, 0.6], match: [0, 1] }) as unknown as Scores;
  const batch = { labels: Int32Array.of(3, 3) };
  const result = { labels: Int32Array.of(3, 7), seconds: 12.4 };
  assert.equal(
    attackAnswer(batch, result, scores([20, 22]), { out: 'there', raw: scores([18, 19]) }),
    'mean 21.0 dB, SSIM 0.55 (raw 18.5 dB, SSIM 0.55), 1 of 2 labels; 12 s; pictures in there',
  );
});

test('roglab attack, stopped, writes the best pictures so far and ends with 130', async () => {
  const out = join(folder, 'stopped');
  const flags = ['--data', 'scenes', '--size', '16', '--iterations', '100000', '--out', out];
  const child = spawn(process.execPath, [join(root, 'dist/src/cli.js'), 'attack', ...flags]);
  let [answer, said] = ['', ''];
  child.stdout.on('data', (text) => {
    answer += text;
  });
  child.stderr.on('data', (text) => {
    const running = said.includes('closures');
    said += text;
    if (!running && said.includes('closures')) child.kill('SIGINT');
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 130, said);
  assert.match(said, /stopped after \d+ closures: the pictures are the best until then/);
  assert.match(answer, /dB, SSIM .*; pictures in /);
  assert.ok(readdirSync(out).some((name) => name.endsWith('.png')));
});

/** Every command is told by its table: its help, the kind and range of each flag, and the nearest name. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { helpText, said } from '../../src/cli/flags.js';
import { alone, real, text, whole, word, words } from '../../src/core/option-table.js';
import { root } from '../fixtures.js';

const FLAGS = {
  size: whole('side', 32, { from: 16, to: 64 }),
  rate: real('step'),
  kind: word('what', ['one', 'two'], 'two'),
  only: words('some', ['red', 'green']),
  outFolder: text('where', 'DIR'),
  fresh: alone('anew'),
};
const TOLD = { about: 'does it', flags: FLAGS, after: 'And more.' };

test('said(): values by the table, defaults, flags alone; what was not said is left out', () => {
  assert.deepEqual(said('try', TOLD, []), { size: 32, kind: 'two' });
  const all = ['--size=40', '--rate', '0.5', '--kind', 'one', '--only', 'green, red', '--out-folder', 'a', '--fresh'];
  const found = { size: 40, rate: 0.5, kind: 'one', only: ['green', 'red'], outFolder: 'a', fresh: true };
  assert.deepEqual(said('try', TOLD, all), found);
});

test('said(): kind, range and words are refused in one line', () => {
  const wrong: [string, RegExp][] = [
    ['--size 8', /^RoglabError: roglab try: --size must be an integer from 16 to 64, got 8$/],
    ['--size big', /--size must be an integer from 16 to 64, got "big"$/],
    ['--rate -1', /--rate must be a number of at least 0, got -1$/],
    ['--kind tow', /--kind must be one of one, two, got "tow"; did you mean "two"\?$/],
    ['--only red,gren', /--only must be one of red, green, got "gren"; did you mean "green"\?$/],
    ['--sise 3', /unknown flag --sise; did you mean --size\?$/],
    ['--fresh=3', /--fresh takes no value, got "3"$/],
    ['--out-folder', /--out-folder needs a value; see roglab try --help$/],
  ];
  for (const [args, message] of wrong) assert.throws(() => said('try', TOLD, args.split(' ')), message);
});

test('helpText(): every flag with its form, what it means and its default; long texts are folded', () => {
  assert.equal(
    helpText('try', {
      ...TOLD,
      flags: { size: FLAGS.size, fresh: FLAGS.fresh, kind: word('x '.repeat(60).trim(), ['a']) },
    }),
    [
      'roglab try: does it',
      '  --size N            side (default 32)',
      '  --fresh             anew',
      `  --kind a            ${'x '.repeat(48).trim()}`,
      `                      ${'x '.repeat(12).trim()}`,
      'And more.',
    ].join('\n'),
  );
});

const roglab = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'dist/src/cli.js'), ...args], { encoding: 'utf8' });

/** Of each command: a flag misspelt, a value out of range, and what is said of them. */
const WRONG: [command: string, args: string, said: RegExp][] = [
  ['audit', '--phy none', /unknown flag --phy; did you mean --phi\?/],
  ['audit', '--learning-rate 0', /--learning-rate must be a number strictly between 0 and 1000000, got 0/],
  ['audit', '--schema confg', /--schema must be one of config, result, got "confg"; did you mean "config"\?/],
  ['bench', '--engines compild', /--engines must be one of .*, got "compild"; did you mean "compiled"\?/],
  ['bench', '--rounds 0', /--rounds must be an integer of at least 1, got 0/],
  ['kernel', '--remov', /unknown flag --remov; did you mean --remove\?/],
  ['lab', '--port 70000', /--port must be an integer from 1 to 65535, got 70000/],
  ['pairs', '--minutes soon', /--minutes must be a number from 0 to 10000, got "soon"/],
  ['quality', '--preset papr', /--preset must be one of .*, got "papr"; did you mean "paper"\?/],
  ['quality', '--images 1.5', /--images must be an integer of at least 1, got 1.5/],
  ['run', '--jobs 17', /--jobs must be an integer from 1 to 16, got 17/],
  ['study batches', '--only 4-nnoe', /--only must be one of .*, got "4-nnoe"; did you mean "4-none"\?/],
  ['study dp', '--profile quik', /--profile must be one of .*, got "quik"; did you mean "quick"\?/],
  ['study rogs', '--images 0', /--images must be an integer of at least 1, got 0/],
  ['train trunk', '--epochs 0', /--epochs must be an integer of at least 1, got 0/],
  ['worker', '--concurrency 257', /--concurrency must be an integer from 1 to 256, got 257/],
];

for (const [command, args, message] of WRONG)
  test(`roglab ${command} ${args} is refused in one line`, () => {
    const { status, stdout, stderr } = roglab(...command.split(' '), ...args.split(' '));
    assert.match(stderr, message);
    assert.ok(status! > 0 && stdout === '' && stderr.trim().split('\n').length === 1, stderr);
  });

for (const command of new Set([...WRONG.map(([name]) => name), 'attack', 'doctor', 'sweep']))
  test(`roglab ${command} --help: no line over 120 characters`, () => {
    const { status, stdout } = roglab(...command.split(' '), '--help');
    assert.equal(status, 0);
    assert.deepEqual(
      stdout.split('\n').filter((line) => line.length > 120),
      [],
    );
  });

/**
 * How much the tests notice: changes signs, constants, indices, comparisons and operators of the compiled library, one
 * at a time, and runs the test files that reach the place, the quickest first, until one fails.
 *
 *     npm run mutate -- [--count 200] [--seed 1] [--rooms attacks,metrics] [--only PART] [--longest 150]
 *         [--patience 300] [--fresh]
 *
 * It works on a snapshot in results/mutation, made anew with `--fresh`; ended at any time it goes on where it was. A
 * change once noticed is not tried again while its file is the same; those that were not are, after `--fresh`. Limits
 * are in processor seconds, so that a busy machine ends no test early; it needs a POSIX shell.
 */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './fixtures.js';
import { type Mutant, mutantsOf, sample } from './mutation/mutants.js';
import { type Covered, cover, runs, runTest } from './mutation/tests.js';

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    rooms: { type: 'string', default: 'attacks,metrics,obfuscation,privacy,core' },
    only: { type: 'string', default: '' },
    longest: { type: 'string', default: '150' },
    patience: { type: 'string', default: '300' },
    fresh: { type: 'boolean', default: false },
  },
});

/** Rooms whose tests are asked, and the longest that one file of them may take, in processor seconds. */
const ASKED = ['core', 'obfuscation', 'metrics', 'privacy', 'federation', 'models', 'attacks'];
const LONGEST = Number(flags.longest);
/** Processor seconds of tests after which a change counts as not noticed. */
const PATIENCE = Number(flags.patience);

const home = join(root, 'results/mutation');
const base = join(home, 'project');
const original = join(home, 'original');
const verdictFile = join(home, 'verdicts.jsonl');

interface Verdict {
  readonly id: string;
  readonly file: string;
  /** Hash of the unchanged file. */
  readonly hash: string;
  readonly killedBy?: string;
}

/** A copy of what is built, with all else of the project linked beside it. */
function snapshot(): void {
  if (existsSync(base) && !flags.fresh) return;
  for (const folder of [base, original]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(base, { recursive: true });
  for (const name of readdirSync(root))
    if (!['dist', 'results'].includes(name)) symlinkSync(join(root, name), join(base, name));
  cpSync(join(root, 'dist'), join(base, 'dist'), { recursive: true });
  cpSync(join(root, 'dist/src'), original, { recursive: true });
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** What each test file runs; measured again where it, or a file that it runs, has changed. */
async function coverage(): Promise<Covered[]> {
  const path = join(home, 'cover.json');
  const tests = join(base, 'dist/test');
  const found = readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js') && ASKED.includes(file.split('/')[0]!))
    .sort();
  const hashed = (path: string): string => (existsSync(path) ? hashOf(readFileSync(path, 'utf8')) : '');
  const state = ({ test, files }: Covered): string =>
    [join(tests, test), ...Object.keys(files).map((file) => join(original, file))].map(hashed).join(' ');
  type Kept = Covered & { readonly state: string };
  const kept: Kept[] = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
  const covered: Kept[] = [];
  for (const test of found) {
    const known = kept.find((one) => one.test === test && one.state === state(one));
    const one = known ?? (await cover(base, test, LONGEST));
    if (one) covered.push({ ...one, state: state(one) });
    const end = one ? `${one.seconds.toFixed(1)} s` : `left out, it fails or takes over ${LONGEST} s`;
    if (!known) console.log(`${test}: ${end}`);
    writeFileSync(
      path,
      JSON.stringify([...covered, ...kept.filter((other) => found.indexOf(other.test) > found.indexOf(test))]),
    );
  }
  return covered;
}

/** The test file that notices a change, or undefined. */
async function noticed(mutant: Mutant, text: string, asked: readonly Covered[]): Promise<string | undefined> {
  const path = join(base, 'dist/src', mutant.file);
  let left = PATIENCE;
  writeFileSync(path, text.slice(0, mutant.start) + mutant.now + text.slice(mutant.end));
  try {
    for (const { test, seconds } of asked) {
      if (left <= 0) return undefined;
      const { passed, seconds: took } = await runTest(join(base, 'dist/test', test), 10 + 4 * seconds);
      if (!passed) return test;
      left -= took;
    }
    return undefined;
  } finally {
    writeFileSync(path, text);
  }
}

mkdirSync(home, { recursive: true });
snapshot();
const texts = new Map<string, string>();
for (const file of readdirSync(original, { recursive: true, encoding: 'utf8' }))
  if (file.endsWith('.js') && flags.rooms.split(',').includes(file.split('/')[0]!)) {
    texts.set(file, readFileSync(join(original, file), 'utf8'));
    writeFileSync(join(base, 'dist/src', file), texts.get(file)!); // a run ended midway leaves its change behind
  }
const covered = await coverage();
const all = [...texts].flatMap(([file, text]) => mutantsOf(file, text));
const chosen = sample(all, Number(flags.count), Number(flags.seed)).filter(({ file }) => file.includes(flags.only));

const verdicts = new Map<string, Verdict>();
if (existsSync(verdictFile))
  for (const line of readFileSync(verdictFile, 'utf8').split('\n').filter(Boolean)) {
    const verdict = JSON.parse(line) as Verdict;
    verdicts.set(verdict.id, verdict);
  }
const kills = new Map<string, number>();
for (const { killedBy } of verdicts.values()) if (killedBy) kills.set(killedBy, (kills.get(killedBy) ?? 0) + 1);
const isJudged = ({ id, file }: Mutant): boolean => {
  const verdict = verdicts.get(id);
  if (!verdict || verdict.hash !== hashOf(texts.get(file)!)) return false;
  return verdict.killedBy !== undefined || !flags.fresh;
};

/** The one that noticed it last time first, then the room's own; of those the ones that notice most for their time. */
const order = ({ id, file }: Mutant) => {
  const last = verdicts.get(id)?.killedBy;
  const away = ({ test }: Covered): number => (test === last ? 0 : test.split('/')[0] === file.split('/')[0] ? 1 : 2);
  const gain = ({ test, seconds }: Covered): number => (1 + (kills.get(test) ?? 0)) / seconds;
  return (a: Covered, b: Covered): number => away(a) - away(b) || gain(b) - gain(a);
};

let count = 0;
for (const mutant of chosen) {
  count++;
  if (isJudged(mutant)) continue;
  const { id, file, line, was, now } = mutant;
  const text = texts.get(file)!;
  const asked = covered.filter((one) => runs(one, file, mutant.place)).sort(order(mutant));
  const killedBy = await noticed(mutant, text, asked);
  const verdict: Verdict = { id, file, hash: hashOf(text), ...(killedBy && { killedBy }) };
  verdicts.set(id, verdict);
  appendFileSync(verdictFile, `${JSON.stringify(verdict)}\n`);
  const end = killedBy ? `noticed by ${killedBy}` : `NOT NOTICED by ${asked.length} test files`;
  console.log(`${count}/${chosen.length} ${file}:${line} ${was} -> ${now || '(nothing)'}: ${end}`);
}

const survivors = chosen.filter(({ id }) => verdicts.get(id)?.killedBy === undefined);
const killed = chosen.length - survivors.length;
for (const { id, kind, file, line, was, now, text } of survivors)
  console.log(`\n${id} ${kind} ${file}:${line}: ${was} -> ${now || '(nothing)'}\n    ${text}`);
const share = ((100 * killed) / chosen.length).toFixed(1);
console.log(
  `\n${killed} of ${chosen.length} changes noticed (${share} %), of ${all.length} possible; seed ${flags.seed}`,
);

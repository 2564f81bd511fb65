/**
 * Where the lines of src are, beside an earlier version: files that go on, by git's renames, and those that are new.
 *
 *     npm run growth -- [--since COMMIT]
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { root } from './fixtures.js';

/** 0.3.0 */
const BEGIN = 'fdd4533';

const { since } = parseArgs({ options: { since: { type: 'string', default: BEGIN } } }).values;
const git = (...args: string[]): string[][] =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 })
    .trim()
    .split('\n')
    .map((line) => line.split(/[\t:]/));
const linesOf = (commit: string): Map<string, number> =>
  new Map(git('grep', '-c', '', commit, '--', 'src/*.ts').map(([, file, count]) => [file!, Number(count)]));

const [then, now] = [linesOf(since), linesOf('HEAD')];
const renamed = git('diff', '-M40%', '-l9999', '--name-status', '--diff-filter=R', since, 'HEAD', '--', 'src');
const before = new Map(renamed.map(([, from, to]) => [to!, from!]));
const rooms = new Map<string, { was: number; is: number; fresh: number }>();
for (const [file, lines] of now) {
  const room = file.split('/').length > 2 ? file.split('/')[1]! : 'index, cli';
  const was = then.get(before.get(file) ?? file);
  const sum = rooms.get(room) ?? { was: 0, is: 0, fresh: 0 };
  if (was === undefined) sum.fresh += lines;
  else Object.assign(sum, { was: sum.was + was, is: sum.is + lines });
  rooms.set(room, sum);
}
const total = (of: 'was' | 'is' | 'fresh'): number => [...rooms.values()].reduce((sum, room) => sum + room[of], 0);
rooms.set('all', { was: total('was'), is: total('is'), fresh: total('fresh') });
console.log(`| room | files of ${since} then | now | new files |\n|---|---|---|---|`);
for (const [room, { was, is, fresh }] of [...rooms].sort(([, a], [, b]) => a.is + a.fresh - b.is - b.fresh))
  console.log(`| ${room} | ${was} | ${is} | ${fresh} |`);

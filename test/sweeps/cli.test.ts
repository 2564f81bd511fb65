import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { readParquet } from '../../src/sweeps/store/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { root } from '../fixtures.js';
import { SMALL } from './small.js';

const folder = temporaryFolder();
const place = (name: string): string => join(folder, name);
writeFileSync(
  place('small.json'),
  JSON.stringify({ ...SMALL, attacks: [SMALL.attacks, { name: 'rog', iterations: 0 }] }),
);
writeFileSync(place('wrong.yaml'), 'networks: lenet\ndata: scenes\nphi: []\n');
writeFileSync(place('unknown.yaml'), 'networks: lenet\ndata: scenes\nimage: 3\n');
writeFileSync(place('huge.yaml'), 'networks: lenet\ndata: scenes\nseeds: 10000\nimages: 1000\n');

function roglab(...args: string[]): { status: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/src/cli.js'), ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, out: stdout, error: stderr };
}

test('roglab sweep: a shard, its status, the rest, the failures, one file of all rows', async () => {
  const part = roglab('sweep', 'small.json', '--shard', '1/2', '--workers', '1');
  assert.equal(part.status, 0, part.error);
  const status = roglab('sweep', 'status', 'small.json');
  assert.match(status.out, /small +12 +6 +0 +6/);
  const rest = roglab('sweep', 'resume', 'results/sweeps/small', '--workers', '1');
  assert.equal(rest.status, 1, 'some cells failed');
  assert.match(rest.error, /6 of 12 cells.*\n.*6 cells done, all of them before, 6 failed/s);
  assert.match(
    roglab('sweep', 'status', 'results/sweeps/small').out,
    /6 x rog: iterations must be an integer of at least 1, got 0/,
  );
  for (const ending of ['parquet', 'csv', 'jsonl']) {
    const { status: code, out } = roglab('sweep', 'export', 'small.json', '--to', `rows.${ending}`);
    assert.equal(code, 0);
    assert.match(out, /: 6 rows, and 6 failed cells in .*\.failed\.jsonl\n$/);
  }
  const rows = [];
  for await (const row of readParquet(place('rows.parquet'))) rows.push(row);
  const lines = readFileSync(place('rows.jsonl'), 'utf8').trim().split('\n');
  assert.deepEqual(
    rows,
    lines.map((line) => JSON.parse(line)),
  );
  assert.equal(readFileSync(place('rows.csv'), 'utf8').trim().split('\n').length, 7);
  const ids = roglab('sweep', 'list', 'small.json')
    .out.trim()
    .split('\n')
    .map((line) => line.slice(0, 32));
  assert.equal(new Set(ids).size, 12);
  for (const { id } of rows) assert.ok(ids.includes(String(id)));
});

test('roglab sweep export: shards of separate folders in one file; another sweep, and one shard alone', () => {
  const cells = { ...SMALL, name: 'parts', images: 4 };
  writeFileSync(place('parts.json'), JSON.stringify(cells));
  writeFileSync(place('others.json'), JSON.stringify({ ...cells, phi: ['none', 'quantize:3'] }));
  for (const [shard, out, file] of [
    ['1/2', 'one', 'parts'],
    ['2/2', 'two', 'parts'],
    ['1/4', 'others', 'others'],
  ] as const)
    assert.equal(roglab('sweep', `${file}.json`, '--shard', shard, '--out', out, '--workers', '1').status, 0);
  const ids = (file: string): string[] =>
    readFileSync(place(file), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id);
  const both = roglab('sweep', 'export', 'one', 'two', 'one', '--to', 'both.jsonl');
  assert.match(both.out, /both\.jsonl: 8 rows\n$/, both.error);
  const listed = roglab('sweep', 'list', 'parts.json')
    .out.trim()
    .split('\n')
    .map((line) => line.slice(0, 32));
  assert.deepEqual(ids('both.jsonl').sort(), listed.sort());
  assert.match(roglab('sweep', 'export', 'two', '--to', 'two.jsonl').out, /: 4 rows\n$/);
  const wrong = roglab('sweep', 'export', 'one', 'others', '--to', 'x.jsonl');
  assert.match(
    wrong.error,
    /others holds another sweep than .*one, got "parts of roglab .*"; folders that go together/,
  );
});

const READERS = {
  pandas: "import pandas; d = pandas.read_parquet('rows.parquet'); print(len(d), d['psnr'].mean())",
  duckdb: 'import duckdb; print(*duckdb.sql("select count(*), avg(psnr) from \'rows.parquet\'").fetchall()[0])',
};
for (const [name, code] of Object.entries(READERS)) {
  const python = process.env.ROGLAB_PYTHON ?? 'python3';
  const there = spawnSync(python, ['-c', `import ${name}`]).status === 0;
  test(`the Parquet file as ${name} reads it`, { skip: there ? false : `${python} has no ${name}` }, async () => {
    let [count, sum] = [0, 0];
    for await (const { psnr } of readParquet(place('rows.parquet'))) {
      count++;
      sum += Number(psnr);
    }
    const { stdout, stderr } = spawnSync(python, ['-c', code], { cwd: folder, encoding: 'utf8' });
    const [length, mean] = stdout.split(' ').map(Number);
    assert.equal(length, count, stderr);
    assert.ok(Math.abs(mean! - sum / count) < 1e-9);
  });
}

const mistakes: readonly (readonly [string[], RegExp])[] = [
  [['sweep', 'none.yaml'], /none\.yaml: cannot read the sweep: there is no such file/],
  [['sweep', 'wrong.yaml'], /wrong\.yaml: the axis phi has no values/],
  [['sweep', 'huge.yaml'], /at most 1,000,000 cells, got 10000000; say --yes/],
  [['sweep', 'small.json', '--redis', 'redis://127.0.0.1:1'], /Redis at 127\.0\.0\.1:1 does not answer/],
  [
    ['sweep', 'status', '--redis', 'redis://127.0.0.1:1'],
    /roglab sweep status: Redis at 127\.0\.0\.1:1 does not answer/,
  ],
  [['sweep', 'unknown.yaml'], /unknown\.yaml: unknown option "image"; did you mean "images"\?/],
  [['sweep', 'small.json', '--shard', '3/2'], /a shard is written i\/n/],
  [['sweep', 'small.json', '--redes', 'x'], /did you mean --redis/],
  [['sweep', 'status', 'nowhere'], /there is no sweep in this folder/],
  [['sweep', 'export', 'small.json', '--to', 'rows.xls'], /must be one of parquet, csv, jsonl/],
  [['worker'], /needs --redis URL/],
  [
    ['worker', '--redis', 'redis://127.0.0.1:1', '--concurrency', '0'],
    /--concurrency must be an integer from 1 to 256/,
  ],
];
for (const [args, message] of mistakes)
  test(`roglab ${args.join(' ')}: one line`, () => {
    const { status, error } = roglab(...args);
    assert.ok(status === 1 || status === 2, `exit code ${status}`);
    assert.match(error, message);
    assert.equal(error.trim().split('\n').length, 1, error);
  });

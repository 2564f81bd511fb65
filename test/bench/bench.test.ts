import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { measure, overPlain } from '../../src/cli/bench/measure.js';
import { root } from '../fixtures.js';

const run = promisify(execFile);
const bench = (...args: string[]) => run(process.execPath, [join(root, 'dist/src/cli.js'), 'bench', ...args]);

/** A program that speaks the protocol and claims 500 ms per evaluation. */
const slow = `${process.execPath} -e '
  console.log(JSON.stringify({ engine: "slow", threads: 1, compileMs: 3 }));
  require("readline").createInterface({ input: process.stdin }).on("line", (n) =>
    console.log(JSON.stringify({ ms: Array(Number(n)).fill(500), rssMb: 7 })));
' --`;

test('roglab bench --against CMD --json prints one line per engine, with the ratio', async () => {
  const { stdout } = await bench(
    '--only',
    'lenet-b1',
    '--engines',
    'compiled',
    '--rounds',
    '2',
    '--against',
    slow,
    '--json',
  );
  const [ours, theirs] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { engine, ms, cpuMs, imagesPerSecond, compileMs, rssMb, ratio, memoryRatio, threads, ...what } = ours;
  assert.deepEqual(what, { kind: 'closure', model: 'lenet', size: 32, batch: 1, localSteps: 1, classes: 10 });
  assert.ok(threads >= 1 && cpuMs > 0.5);
  assert.ok(Math.abs(memoryRatio - rssMb / 7) < 0.01 * memoryRatio);
  assert.match(engine, /^onnxruntime/);
  assert.ok(ms > 0.5 && compileMs > 0 && rssMb > 50);
  assert.ok(Math.abs(imagesPerSecond - 1000 / ms) < 0.05 * imagesPerSecond);
  assert.ok(Math.abs(ratio - ms / 500) < 0.01);
  assert.deepEqual([theirs.engine, theirs.ms, theirs.rssMb, theirs.ratio], ['slow', 500, 7, 1]);
});

test('roglab bench refuses unknown cases and engines, and says when a program ends early', async () => {
  await assert.rejects(bench('--only', 'lenet-b2'), /--only must be one of .*; did you mean "lenet-b1"/);
  await assert.rejects(bench('--engines', 'fast'), /--engines must be one of compiled, eager/);
  await assert.rejects(
    bench('--only', 'lenet-b1', '--engines', 'compiled', '--against', 'true'),
    /a measured program ended early/,
  );
});

test('measure takes turns and the median of the rounds', async () => {
  const calls: string[] = [];
  const contestant = (name: string, times: number[]) => ({
    engine: name,
    threads: 1,
    compileMs: 1,
    evaluate: async (count: number) => {
      calls.push(name);
      const time = calls.filter((call) => call === name).length === 1 ? 400 : times.shift()!;
      return { ms: Array<number>(count).fill(time), rssMb: 10 };
    },
    close: () => {},
  });
  const what = { kind: 'train', model: 'lenet', size: 32, batch: 64, localSteps: 1, classes: 10 } as const;
  const [a, b] = await measure(what, [contestant('a', [10, 1000, 20]), contestant('b', [40, 40, 40])], 3, true);
  assert.deepEqual(calls, ['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b']);
  assert.deepEqual([a!.ms, a!.ratio, a!.imagesPerSecond, b!.ms, b!.ratio], [20, 0.5, 3200, 40, 1]);
});

test('measure compares processor time, memory and what was computed with the first and the last', async () => {
  const contestant = (engine: string, cpuMs: number, rssMb: number, result?: number[]) => ({
    ...{ engine, threads: 1, compileMs: 1, close: () => {}, ...(result && { result }) },
    evaluate: async (count: number) => ({ ms: Array<number>(count).fill(400), cpuMs, rssMb }),
  });
  const what = { kind: 'closure', model: 'lenet', size: 32, batch: 1, localSteps: 1, classes: 10 } as const;
  const list = [contestant('a', 30, 50, [1, -4]), contestant('b', 60, 100, [1.5, -4]), contestant('c', 120, 200)];
  const rows = await measure(what, list, 1, true);
  assert.deepEqual(
    rows.map(({ cpuMs, cpuRatio, memoryRatio, apart }) => [cpuMs, cpuRatio, memoryRatio, apart]),
    [
      [30, 0.25, 0.25, undefined],
      [60, 0.5, 0.5, 0.13],
      [120, 1, 1, undefined],
    ],
  );
});

test('overPlain: a private step over the plain one of its rounds, which is no row of its own', async () => {
  const contestant = (engine: string, time: number, cpuMs?: number) => ({
    ...{ engine, threads: 1, compileMs: 1, close: () => {} },
    evaluate: async (count: number) => ({ ms: Array<number>(count).fill(time), rssMb: 1, ...(cpuMs && { cpuMs }) }),
  });
  const what = { kind: 'private', model: 'lenet', size: 32, batch: 16, localSteps: 1, classes: 10 } as const;
  const list = [contestant('ours', 900, 80), contestant('plain', 400, 50), contestant('torch', 3000)];
  const rows = overPlain(await measure(what, list, 1, true), 1);
  assert.deepEqual(
    rows.map(({ engine, ratio, overPlain, cpuOverPlain }) => [engine, ratio, overPlain, cpuOverPlain]),
    [
      ['ours', 0.3, 2.25, 1.6],
      ['torch', 1, 7.5, undefined],
    ],
  );
});

test('roglab bench --gpu leaves out what does not start, and says why', {
  skip: process.env.ROGLAB_GPU && 'a card is here',
}, async () => {
  const { stdout, stderr } = await bench('--gpu', '--only', 'lenet-b1', '--rounds', '1');
  assert.match(stdout, /^lenet-b1 +onnxruntime \S+ \(\d+ threads?\) /m);
  assert.match(stderr, /cuda is left out: .*\n.*webgpu is left out: /s);
});

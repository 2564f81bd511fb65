import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One engine is enough to see a change, and the fastest is the default one; one core, so that times compare. */
const env = { ...process.env, ROGLAB_ENGINE: 'compiled', ROGLAB_CORES: '1', NODE_TEST_CONTEXT: undefined };

/** The kernel ends a test at `$0` processor seconds; `times` says last what it and its children took. */
const SHELL = 'ulimit -t "$0"; "$@"; code=$?; times >&2; exit $code';

/** A test that waits for what never comes takes no processor time: it ends at so many times its limit on the clock. */
const WAITING = 20;

/** Runs one compiled test file until its first failure, for at most so many processor seconds. */
export function runTest(
  path: string,
  seconds: number,
  more: Record<string, string> = {},
): Promise<{ passed: boolean; seconds: number }> {
  const command = [String(Math.ceil(seconds)), process.execPath, '--test-reporter=tap', path];
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', SHELL, ...command], { env: { ...env, ...more }, stdio: 'pipe', detached: true });
    let failed = false;
    let said = '';
    const fail = (): void => {
      failed = true;
      if (child.pid && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    };
    const clock = setTimeout(fail, 1000 * WAITING * seconds);
    child.stdout.on('data', (text: Buffer) => {
      if (/^\s*not ok/m.test(text.toString())) fail();
    });
    child.stderr.on('data', (text: Buffer) => {
      said = (said + text).slice(-100);
    });
    child.on('close', (code) => {
      clearTimeout(clock);
      resolve({ passed: code === 0 && !failed, seconds: processorSeconds(said) });
    });
  });
}

/** `1m2.5s 0m0.25s` at the end, user and system time of children as the shell's `times` tells them, in seconds. */
const processorSeconds = (said: string): number =>
  [...said.matchAll(/(\d+)m([\d.]+)s/g)]
    .slice(-2)
    .reduce((sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest), 0);

/** [from, to, count]: how often a range of a file was run; ranges nest. */
export type Ranges = readonly (readonly [number, number, number])[];

/** A test file, the processor seconds it takes, and what it runs of each file below `sources`. */
export interface Covered {
  readonly test: string;
  readonly seconds: number;
  readonly files: Readonly<Record<string, readonly Ranges[]>>;
}

/** Runs a test file once and reads V8's coverage. Undefined: it fails, or takes too long. */
export async function cover(root: string, test: string, most: number): Promise<Covered | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-cover-'));
  try {
    const { passed, seconds } = await runTest(join(root, 'dist/test', test), most, { NODE_V8_COVERAGE: folder });
    if (!passed) return undefined;
    const files: Record<string, Ranges[]> = {};
    const sources = `file://${join(root, 'dist/src')}/`;
    for (const name of readdirSync(folder)) {
      const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: Script[] };
      for (const { url, functions } of result) {
        if (!url.startsWith(sources)) continue;
        const ranges = functions.flatMap((f) => f.ranges.map((r) => [r.startOffset, r.endOffset, r.count] as const));
        const file = url.slice(sources.length);
        files[file] = [...(files[file] ?? []), ranges];
      }
    }
    return { test, seconds, files };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Script {
  readonly url: string;
  readonly functions: { readonly ranges: { startOffset: number; endOffset: number; count: number }[] }[];
}

/** Whether a test file ran a place of a file: the count of the smallest range about it, in any of its processes. */
export const runs = ({ files }: Covered, file: string, at: number): boolean =>
  (files[file] ?? []).some((ranges) => {
    let best: readonly [number, number, number] | undefined;
    for (const range of ranges)
      if (range[0] <= at && at < range[1] && (!best || range[1] - range[0] <= best[1] - best[0])) best = range;
    return best !== undefined && best[2] > 0;
  });

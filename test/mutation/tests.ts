import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One engine is enough to see a change, and the fastest is the default one. */
const env = { ...process.env, ROGLAB_ENGINE: 'compiled', NODE_TEST_CONTEXT: undefined };

/** Runs one compiled test file until its first failure. */
export function runTest(
  path: string,
  seconds: number,
  more: Record<string, string> = {},
): Promise<{ passed: boolean; seconds: number }> {
  const began = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--test-reporter=tap', path], { env: { ...env, ...more }, stdio: 'pipe' });
    let failed = false;
    const fail = (): void => {
      failed = true;
      child.kill('SIGKILL');
    };
    const clock = setTimeout(fail, 1000 * seconds);
    child.stdout.on('data', (text: Buffer) => {
      if (/^\s*not ok/m.test(text.toString())) fail();
    });
    child.stderr.resume();
    child.on('close', (code) => {
      clearTimeout(clock);
      resolve({ passed: code === 0 && !failed, seconds: (performance.now() - began) / 1000 });
    });
  });
}

/** [from, to, count]: how often a range of a file was run; ranges nest. */
export type Ranges = readonly (readonly [number, number, number])[];

/** A test file, how long it takes, and what it runs of each file below `sources`. */
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

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a reader did with damaged files. */
export interface FuzzReport {
  readonly refused: number;
  readonly loaded: number;
  readonly silent: readonly string[];
  readonly raw: readonly string[];
  /** Seconds of processor time of the slowest file. */
  readonly slowest: number;
  readonly slowestAt: string;
  /** MB */
  readonly peak: number;
}

/** Nothing may take this long, processor time or not: then the process is ended, and that is a hang. */
const PATIENCE_MS = 20_000;
export const MOST_SECONDS = 2;
export const MOST_MB = 512;

/** Gives a reader damaged files in a process of its own. @throws a hang or a crash, with the file in base64 */
export function fuzz(reader: string, seed: number, count: number): Promise<FuzzReport> {
  const child = fork(fileURLToPath(new URL('reader-child.js', import.meta.url)), [reader, String(seed), String(count)]);
  return new Promise((resolve, reject) => {
    let last = { k: -1, bytes: '' };
    const fail = (what: string): void =>
      reject(new Error(`${reader}, seed ${seed}, mutation ${last.k}: ${what}\n${last.bytes}`));
    const ended = (): void => {
      child.kill('SIGKILL');
      fail(`no answer for ${PATIENCE_MS / 1000} s`);
    };
    let timer = setTimeout(ended, 3 * PATIENCE_MS);
    child.on('message', (message: { report?: FuzzReport; k: number; bytes: string }) => {
      clearTimeout(timer);
      if (message.report) return resolve(message.report);
      last = message;
      timer = setTimeout(ended, PATIENCE_MS);
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`the process ended with ${signal ?? code}`);
    });
  });
}

export function checkReport({ silent, raw, slowest, slowestAt, peak }: FuzzReport): void {
  assert.deepEqual(silent, [], 'damage that loads as something else');
  assert.deepEqual(raw.slice(0, 3), [], `${raw.length} errors that are not the library's`);
  assert.ok(slowest < MOST_SECONDS, `${slowestAt} took ${slowest.toFixed(2)} s of processor time`);
  assert.ok(peak < MOST_MB, `peak of ${Math.round(peak)} MB`);
}

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../assets/temporary.js';

const folder = temporaryFolder();
const worker = fileURLToPath(new URL('killed-worker.js', import.meta.url));

/** Runs the worker; kills it (SIGKILL) as soon as it says that it has done `until` steps. Gives what it said. */
async function train(checkpoint: string, until = Number.POSITIVE_INFINITY): Promise<string[]> {
  const child = spawn(process.execPath, [worker, join(folder, checkpoint)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line === `step ${until}`) child.kill('SIGKILL');
  }
  return lines;
}

const firstStep = (lines: readonly string[]): number => Number(lines[0]!.slice(5));

test('fit: killed by SIGKILL twice, it goes on and ends with the bits of a training in one go', async () => {
  const whole = await train('whole');
  const first = await train('parts', 13);
  const second = await train('parts', 37);
  const third = await train('parts');
  assert.match(whole.at(-1)!, /^weights \w{64}$/);
  assert.doesNotMatch(first.at(-1)! + second.at(-1)!, /weights/);
  assert.ok(firstStep(second) >= 13 && firstStep(third) >= 37, 'each run goes on from the last checkpoint');
  assert.equal(third.at(-1), whole.at(-1));
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { dice } from './seed.js';

const script = fileURLToPath(new URL('runs.js', import.meta.url));

/**
 * Runs a kind on a checkpoint; killed (SIGKILL) some milliseconds after so many steps. What it said last, and its
 * number of steps.
 */
export async function runKilled(
  kind: string,
  checkpoint: string,
  { after = Number.POSITIVE_INFINITY, delay = 0 } = {},
): Promise<{ readonly last: string; readonly steps: number }> {
  const child = spawn(process.execPath, [script, kind, checkpoint], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [last, steps, said] = ['', 0, ''];
  child.stderr.on('data', (text) => {
    said += text;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    if (line.startsWith('step')) steps++;
    if (steps === after) setTimeout(() => child.kill('SIGKILL'), delay);
  }
  if (after === Number.POSITIVE_INFINITY) assert.match(last, /^result/, `${kind}: ${said}`);
  return { last, steps };
}

/**
 * Kills a run again and again and lets it go on, until it has ended as often as it takes; every end must have the same
 * bits.
 */
export async function killAgain(kind: string, folder: string, kills: number, seed: number): Promise<string> {
  const below = dice(seed);
  const whole = await runKilled(kind, `${folder}/${kind} whole`);
  const checkpoint = `${folder}/${kind} killed`;
  let [killed, ends, resumed] = [0, 0, 0];
  while (killed < kills) {
    const goal = { after: 1 + below(Math.max(2, Math.floor(whole.steps / 4))), delay: below(30) };
    const { last, steps } = await runKilled(kind, checkpoint, goal);
    if (!last.startsWith('result')) {
      killed++;
      continue;
    }
    if (steps < whole.steps) resumed++;
    assert.equal(last, whole.last, `${kind}: end ${++ends} after ${killed} kills`);
    rmSync(checkpoint, { force: true, recursive: true });
  }
  const { last, steps } = await runKilled(kind, checkpoint);
  assert.equal(last, whole.last, `${kind}: after ${killed} kills`);
  assert.ok(resumed > 0 || steps < whole.steps, `${kind} went on from a checkpoint`);
  return `${killed} kills, ${ends + 1} ends, ${whole.steps} steps, all ${whole.last.slice(0, 16)}`;
}

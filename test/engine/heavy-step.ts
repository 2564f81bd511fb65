/** A step that takes long to open and to run, in this thread: what it gives, and what the event loop did meanwhile. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { attackClosure } from '../../src/attacks/search/closure.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { start } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { paperResnet18 } from '../../src/models/index.js';
import { loopTurns } from '../event-loop.js';

export interface Heavy {
  readonly sha: string;
  /** Turns of the event loop in one run. */
  readonly turns: number;
  /** The longest time between two turns, from the first phase to the last, in milliseconds of this thread on a core. */
  readonly longest?: number;
}

/** Time that this thread has had a core, in milliseconds; undefined where the system does not say. */
function onCore(): number | undefined {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return undefined;
  }
}

/** A client of ResNet-18, and one closure of an attack on it. */
export async function heavyStep(): Promise<Heavy> {
  await start({ backend: 'wasm', compiled: 'on', threads: 1 });
  const model = paperResnet18({ imageShape: [64, 64, 3], classes: 10, seed: 1 });
  const images = ndarray([4, 64, 64, 3], uniformStream(2));
  const labels = Int32Array.of(0, 1, 2, 3);
  const stretches = longestStretch();
  const update = await clientUpdate(model, { images, labels });
  const closure = await attackClosure(observe(model, update, { labels }), {
    objective: 'l2',
    simulate: 'steps',
    prior: 'tv',
    weight: 0,
    labels,
  });
  const guess = ndarray([4, 64, 64, 3], uniformStream(3));
  await closure.evaluate(guess);
  const loop = loopTurns();
  const { gradient } = await closure.evaluate(guess);
  loop.stop();
  closure.dispose();
  return {
    sha: createHash('sha256').update(gradient.data).digest('hex'),
    turns: loop.turns(),
    longest: stretches.stop(),
  };
}

function longestStretch(): { readonly stop: () => number | undefined } {
  let [last, longest] = [onCore(), 0];
  const timer = setInterval(() => {
    const now = onCore();
    if (now !== undefined && last !== undefined) longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  return {
    stop: () => {
      clearInterval(timer);
      return last === undefined ? undefined : longest;
    },
  };
}

/**
 * The longest time that each call of a user lets nothing else have a turn, in milliseconds of the main thread's
 * processor time (Linux; one thread), and what it does meanwhile; `node dist/test/bench/stillness.js [PART OF A NAME]`.
 * The hash of the arrays in the result tells whether a change kept the bits.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Session as Inspector, type Profiler } from 'node:inspector/promises';
import { start } from '../../src/engine/index.js';
import { CALLS } from './stillness-calls.js';

/** Milliseconds between two looks. */
const LOOK = 3;

interface Still {
  readonly cpu: number;
  readonly wall: number;
  /** Microseconds of the monotonic clock. */
  readonly from: number;
  readonly to: number;
}

const micro = (): number => Number(process.hrtime.bigint() / 1000n);
const cpuMs = (): number =>
  Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;

function watch(): () => Still {
  let longest: Still = { cpu: 0, wall: 0, from: 0, to: 0 };
  let [from, cpu] = [micro(), cpuMs()];
  const look = (): void => {
    const [now, used] = [micro(), cpuMs()];
    if (used - cpu > longest.cpu) longest = { cpu: used - cpu, wall: (now - from) / 1000, from, to: now };
    [from, cpu] = [now, used];
  };
  const timer = setInterval(look, LOOK);
  return () => {
    clearInterval(timer);
    look();
    return longest;
  };
}

/** The functions that most samples of a stretch lie in, and those they end in, with their share. */
function within({ nodes, samples = [], timeDeltas = [], startTime }: Profiler.Profile, { from, to }: Still): string {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parent = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const [counts, ends] = [new Map<string, number>(), new Map<string, number>()];
  let [at, all] = [startTime, 0];
  samples.forEach((sample, k) => {
    at += timeDeltas[k]!;
    if (at < from || at > to) return;
    all++;
    const seen = new Set<string>();
    ends.set(title(byId.get(sample)!), (ends.get(title(byId.get(sample)!)) ?? 0) + 1);
    for (let id: number | undefined = sample; id !== undefined; id = parent.get(id)) {
      seen.add(title(byId.get(id)!));
    }
    for (const name of seen) counts.set(name, (counts.get(name) ?? 0) + 1);
  });
  const most = (of: Map<string, number>, count: number): string =>
    [...of]
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([name, n]) => `${name} ${Math.round((100 * n) / all)}%`)
      .join(', ');
  return `in ${most(counts, 9)}\n    at ${most(ends, 4)}`;
}

const title = ({ callFrame: { functionName, url, lineNumber } }: Profiler.ProfileNode): string =>
  `${functionName || '?'} ${url.split('/').pop()}:${lineNumber + 1}`;

function hashOf(value: unknown): string {
  const hash = createHash('sha256');
  const seen = new Set<unknown>();
  const add = (x: unknown): void => {
    if (ArrayBuffer.isView(x)) hash.update(new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
    else if (typeof x === 'object' && x && !seen.has(x)) {
      seen.add(x);
      for (const key of Object.keys(x)) add((x as Record<string, unknown>)[key]);
    }
  };
  add(value);
  return hash.digest('hex').slice(0, 12);
}

const wanted = process.argv.slice(2);
const inspector = new Inspector();
inspector.connect();
await start({ threads: 1 });
await inspector.post('Profiler.enable');
await inspector.post('Profiler.setSamplingInterval', { interval: 1000 });
for (const [name, prepare] of Object.entries(CALLS)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  const call = await prepare().catch((error) => () => `not prepared: ${error}`);
  await inspector.post('Profiler.start');
  const began = performance.now();
  const stop = watch();
  const result = await Promise.resolve(call()).catch(String);
  const still = stop();
  const { profile } = await inspector.post('Profiler.stop');
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const told = typeof result === 'string' ? result : hashOf(result);
  console.log(`${name}: ${still.cpu.toFixed(0)} ms (wall ${still.wall.toFixed(0)}) of ${seconds} s, ${told}`);
  if (still.cpu > 60) console.log(`    ${within(profile, still)}`);
}
process.exit(0);

/**
 * A program under measurement, in a process of its own. After it has set itself up it prints one JSON line
 * `{ engine, threads, compileMs }`; for every line N it reads it evaluates N times and prints `{ ms: [..], cpuMs,
 * rssMb }`; it ends when its input ends. roglab's own engines and a `--against` program speak the same way.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { problem } from '../../core/errors.js';

export interface Contestant {
  readonly engine: string;
  readonly threads: number;
  readonly compileMs: number;
  /** Some entries of what it computes, where engines are compared by it. */
  readonly result?: readonly number[];
  /** Milliseconds of each of `count` evaluations, processor time of one, and the process's peak memory so far. */
  evaluate(count: number): Promise<{ ms: number[]; cpuMs?: number; rssMb: number }>;
  close(): void;
}

/** Starts a program and waits until it is ready. `words` may be one shell command line. */
export async function startContestant(
  words: readonly string[] | string,
  flags: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Contestant> {
  const shell = typeof words === 'string';
  const [program, ...args] = shell ? [`${words} ${flags.join(' ')}`] : [...words, ...flags];
  const child = spawn(program!, args, { shell, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  failed.catch(() => {});
  const reply = async (): Promise<Record<string, unknown>> => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done) throw problem('roglab bench', 'a measured program ended early', shell ? words : program);
    try {
      return JSON.parse(value) as Record<string, unknown>;
    } catch {
      throw problem('roglab bench', 'a measured program must print JSON lines', value);
    }
  };
  const { engine, threads, compileMs, result } = await reply();
  return {
    engine: String(engine),
    threads: Number(threads),
    compileMs: Number(compileMs ?? 0),
    ...(Array.isArray(result) && { result: result as number[] }),
    evaluate: async (count) => {
      child.stdin.write(`${count}\n`);
      const { ms, cpuMs, rssMb } = await reply();
      return { ms: ms as number[], ...(typeof cpuMs === 'number' && { cpuMs }), rssMb: Number(rssMb) };
    },
    close: () => {
      child.stdin.end();
    },
  };
}

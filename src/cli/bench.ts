import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { problem } from '../core/errors.js';
import { integer, numeric, oneOf } from '../core/options.js';
import { type BenchCase, benchCases, caseFlags } from './bench/cases.js';
import { type Contestant, startContestant } from './bench/contestant.js';
import { type BenchRow, measure } from './bench/measure.js';
import { serve } from './bench/serve.js';
import { readFlags } from './flags.js';
import { projectRoot } from './root.js';

const engineNames = ['compiled', 'eager'] as const;

const HELP = `roglab bench: milliseconds per attack closure and per training step
  --only LIST      cases, of ${Object.keys(benchCases).join(', ')}
  --engines LIST   compiled, eager (default both)
  --threads N      threads of compiled steps (default: all cores)
  --rounds N       alternating rounds per case (default 5)
  --against CMD    a second program, measured in the same rounds; prints ratios. It is started once per case with
                   --kind --model --size --batch --local-steps --threads, prints
                   {"engine", "threads", "compileMs"}, then for every line N it reads evaluates N times and prints
                   {"ms": [..], "rssMb"} (see test/bench)
  --json           one JSON line per case and engine`;

/** `roglab bench`: prints the speed table of the engines. */
export async function bench(args: string[]): Promise<number> {
  const flags = readFlags('bench', args, {
    only: 'string',
    engines: 'string',
    threads: 'string',
    rounds: 'string',
    against: 'string',
    json: 'boolean',
    serve: 'boolean',
    kind: 'string',
    model: 'string',
    size: 'string',
    batch: 'string',
    'local-steps': 'string',
  });
  if (flags.help) {
    console.log(HELP);
    return 0;
  }
  const threads = whole('threads', flags.threads, availableParallelism());
  if (flags.serve) {
    await serve(servedCase(flags), threads);
    return 0;
  }
  const rounds = whole('rounds', flags.rounds, 5);
  const engines = words(flags.engines ?? 'compiled,eager').map((name) =>
    oneOf('roglab bench', '--engines', name, engineNames),
  );
  const names = Object.keys(benchCases);
  const wanted = words(flags.only ?? names.join()).map((name) => oneOf('roglab bench', '--only', name, names));
  if (!flags.json) console.log(header(flags.against));
  for (const name of wanted)
    for (const row of await measured(benchCases[name]!, engines, threads, rounds, flags.against))
      console.log(flags.json ? JSON.stringify(row) : line(name, row));
  return 0;
}

export { bench as command };

const words = (text: string): string[] => text.split(',').map((word) => word.trim());
const whole = (name: string, text: string | undefined, fallback: number): number =>
  integer('roglab bench', `--${name}`, text === undefined ? fallback : numeric(text), 1);

async function measured(
  benchCase: BenchCase,
  engines: readonly (typeof engineNames)[number][],
  threads: number,
  rounds: number,
  against: string | undefined,
): Promise<BenchRow[]> {
  const flags = caseFlags(benchCase, threads);
  const self = [process.execPath, join(projectRoot(), 'dist/src/cli.js'), 'bench', '--serve'];
  const contestants: Contestant[] = [];
  try {
    for (const engine of engines) contestants.push(await startContestant(self, flags, { ROGLAB_ENGINE: engine }));
    if (against) contestants.push(await startContestant(against, flags));
    return await measure(benchCase, contestants, rounds, against !== undefined);
  } finally {
    for (const contestant of contestants) contestant.close();
  }
}

function servedCase(flags: Readonly<Record<string, unknown>>): BenchCase {
  const { kind, model } = flags;
  const number = (name: string): number => whole(name, flags[name] as string | undefined, Number.NaN);
  if (typeof kind !== 'string' || typeof model !== 'string')
    throw problem('roglab bench', '--serve needs --kind, --model, --size, --batch and --local-steps');
  return {
    kind: oneOf('roglab bench', '--kind', kind, ['closure', 'train']),
    model: oneOf('roglab bench', '--model', model, ['lenet', 'vgg7', 'paperResnet18']),
    size: number('size'),
    batch: number('batch'),
    localSteps: number('local-steps'),
  };
}

const columns = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(17) : i === 1 ? cell.padEnd(32) : cell.padStart(10))).join(' ');

const header = (against: string | undefined): string =>
  columns(['case', 'engine', 'ms', 'images/s', 'compile ms', 'peak MB', ...(against ? ['ratio'] : [])]);

const line = (name: string, { engine, ms, imagesPerSecond, compileMs, rssMb, ratio }: BenchRow): string =>
  columns([
    name,
    engine,
    ms.toFixed(1),
    imagesPerSecond.toFixed(1),
    String(compileMs),
    String(rssMb),
    ...(ratio === undefined ? [] : [ratio.toFixed(2)]),
  ]);

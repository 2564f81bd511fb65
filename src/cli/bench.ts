import { join } from 'node:path';
import { cores } from '../core/cores.js';
import { problem } from '../core/errors.js';
import { integer, numeric, oneOf } from '../core/options.js';
import { type BenchCase, benchCases, caseFlags, gpuCases } from './bench/cases.js';
import { type Contestant, startContestant } from './bench/contestant.js';
import { type BenchRow, measure } from './bench/measure.js';
import { serve } from './bench/serve-bench.js';
import { readFlags } from './flags.js';
import { projectRoot } from './root.js';

/** What runs on the engines of this table, by the environment that chooses them. */
const engines: Readonly<Record<string, NodeJS.ProcessEnv>> = {
  compiled: { ROGLAB_ENGINE: 'compiled' },
  eager: { ROGLAB_ENGINE: 'eager' },
  tensorflow: { ROGLAB_ENGINE: 'eager', ROGLAB_BACKEND: 'tensorflow' },
  cuda: { ROGLAB_PROVIDER: 'cuda' },
  webgpu: { ROGLAB_PROVIDER: 'webgpu' },
};
const engineNames = Object.keys(engines);

const HELP = `roglab bench: milliseconds per attack closure and per training step
  --only LIST      cases, of ${Object.keys(benchCases).join(', ')}
  --engines LIST   of ${engineNames.join(', ')} (default compiled,eager)
  --gpu            the cases that fill a card, on compiled,cuda,webgpu; those that do not start are named and left out
  --threads N      threads of compiled steps (default: all cores)
  --rounds N       alternating rounds per case (default 5)
  --against CMD    a second program, measured in the same rounds; prints ratios. It is started once per case with
                   --kind --model --size --batch --local-steps --classes --threads, prints
                   {"engine", "threads", "compileMs"}, then for every line N it reads evaluates N times and
                   prints {"ms": [..], "cpuMs", "rssMb"} (see test/bench)
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
    gpu: 'boolean',
    classes: 'string',
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
  const threads = whole('threads', flags.threads, cores());
  if (flags.serve) {
    await serve(servedCase(flags), threads);
    return 0;
  }
  const rounds = whole('rounds', flags.rounds, 5);
  const gpu = flags.gpu ?? false;
  const chosen = words(flags.engines ?? (gpu ? 'compiled,cuda,webgpu' : 'compiled,eager')).map((name) =>
    oneOf('roglab bench', '--engines', name, engineNames),
  );
  const names = Object.keys(benchCases);
  const wanted = words(
    flags.only ?? (gpu ? gpuCases : names.filter((name) => !/^paper|steps100$/.test(name))).join(),
  ).map((name) => oneOf('roglab bench', '--only', name, names));
  if (!flags.json) console.log(header(flags.against));
  for (const name of wanted)
    for (const row of await measured(benchCases[name]!, chosen, threads, rounds, flags.against, gpu))
      console.log(flags.json ? JSON.stringify(row) : line(name, row));
  return 0;
}

export { bench as command };

const words = (text: string): string[] => text.split(',').map((word) => word.trim());
const whole = (name: string, text: string | undefined, fallback: number): number =>
  integer('roglab bench', `--${name}`, text === undefined ? fallback : numeric(text), 1);

async function measured(
  benchCase: BenchCase,
  chosen: readonly string[],
  threads: number,
  rounds: number,
  against: string | undefined,
  lenient: boolean,
): Promise<BenchRow[]> {
  const flags = caseFlags(benchCase, threads);
  const self = [process.execPath, join(projectRoot(), 'dist/src/cli.js'), 'bench', '--serve'];
  const contestants: Contestant[] = [];
  try {
    for (const engine of chosen)
      await startContestant(self, flags, engines[engine]).then(
        (contestant) => contestants.push(contestant),
        (error: Error) => {
          if (!lenient || engine === chosen[0]) throw error;
          console.error(`${engine} is left out: ${error.message}`);
        },
      );
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
    kind: oneOf('roglab bench', '--kind', kind, ['closure', 'train', 'private']),
    model: oneOf('roglab bench', '--model', model, ['lenet', 'vgg7', 'paperResnet18']),
    size: number('size'),
    batch: number('batch'),
    localSteps: number('local-steps'),
    classes: whole('classes', flags.classes as string | undefined, 10),
  };
}

const columns = (cells: readonly string[]): string =>
  cells
    .map((cell, i) => (i === 0 ? cell.padEnd(21) : i === 1 ? cell.padEnd(32) : cell.padStart(10)))
    .join(' ')
    .trimEnd();

const header = (against: string | undefined): string =>
  columns([
    ...['case', 'engine', 'ms', 'cpu ms', 'images/s', 'compile ms', 'peak MB', 'apart'],
    ...(against ? ['ratio', 'cpu', 'memory'] : []),
  ]);

const line = (name: string, row: BenchRow): string =>
  columns([
    ...[name, row.engine, row.ms.toFixed(1), row.cpuMs?.toFixed(1) ?? '', row.imagesPerSecond.toFixed(1)],
    ...[String(row.compileMs), String(row.rssMb), row.apart?.toExponential(0) ?? ''],
    ...[row.ratio, row.cpuRatio, row.memoryRatio].map((ratio) => ratio?.toFixed(2) ?? ''),
  ]);

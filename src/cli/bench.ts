import { join } from 'node:path';
import { cores } from '../core/cores.js';
import { problem } from '../core/errors.js';
import { alone, text, whole, word, words } from '../core/option-table.js';
import { type BenchCase, benchCases, caseFlags, GPU_CASES } from './bench/cases.js';
import { type Contestant, startContestant } from './bench/contestant.js';
import { type BenchRow, measure, overPlain } from './bench/measure.js';
import { serve } from './bench/serve-bench.js';
import { said } from './flags.js';
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

const NAMES = Object.keys(benchCases);

const TOLD = {
  about: 'milliseconds per attack closure and per training step; of private steps also over the plain step',
  flags: {
    only: words(`cases, of ${NAMES.join(', ')}`, NAMES),
    engines: words(`of ${engineNames.join(', ')} (default compiled,eager)`, engineNames),
    gpu: alone('the cases that fill a card, on compiled,cuda,webgpu; those that do not start are named and left out'),
    threads: whole('threads of compiled steps (default all cores)'),
    rounds: whole('alternating rounds per case', 5),
    against: text(
      'a second program, measured in the same rounds; prints ratios. It is started once per case with --kind --model ' +
        '--size --batch --local-steps --classes --threads, prints {"engine", "threads", "compileMs"}, then for every ' +
        'line N it reads evaluates N times and prints {"ms": [..], "cpuMs", "rssMb"} (see test/bench)',
      'CMD',
    ),
    json: alone('one JSON line per case and engine'),
    serve: alone('is such a program itself, of one case:'),
    kind: word('closures of an attack, or steps of a training', ['closure', 'train', 'private']),
    model: word('of the case', ['lenet', 'vgg7', 'paperResnet18']),
    size: whole('of the case: side of the images'),
    batch: whole('of the case'),
    localSteps: whole('of the case'),
    classes: whole('of the case', 10),
  },
};

/** `roglab bench`: prints the speed table of the engines. */
export async function bench(args: string[]): Promise<number> {
  const flags = said('bench', TOLD, args);
  if (!flags) return 0;
  const { threads = cores(), rounds } = flags;
  if (flags.serve) {
    await serve(servedCase(flags), threads);
    return 0;
  }
  const gpu = flags.gpu ?? false;
  const chosen = flags.engines ?? (gpu ? ['compiled', 'cuda', 'webgpu'] : ['compiled', 'eager']);
  const wanted = flags.only ?? (gpu ? GPU_CASES : NAMES.filter((name) => !/^paper|steps100$/.test(name)));
  if (!flags.json) console.log(header(flags.against));
  for (const name of wanted)
    for (const row of await measured(benchCases[name]!, chosen, threads, rounds, flags.against, gpu))
      console.log(flags.json ? JSON.stringify(row) : line(name, row));
  return 0;
}

export { bench as command };

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
    const plain = benchCase.kind === 'private' ? contestants.length : undefined;
    if (plain !== undefined) {
      const plainFlags = caseFlags({ ...benchCase, kind: 'train' }, threads);
      contestants.push(await startContestant(self, plainFlags, engines[chosen[0]!]));
    }
    if (against) contestants.push(await startContestant(against, flags));
    const rows = await measure(benchCase, contestants, rounds, against !== undefined);
    return plain === undefined ? rows : overPlain(rows, plain);
  } finally {
    for (const contestant of contestants) contestant.close();
  }
}

function servedCase({ kind, model, size, batch, localSteps, classes }: Partial<BenchCase>): BenchCase {
  if (!(kind && model && size && batch && localSteps))
    throw problem('roglab bench', '--serve needs --kind, --model, --size, --batch and --local-steps');
  return { kind, model, size, batch, localSteps, classes: classes! };
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
    row.overPlain === undefined ? '' : `${row.overPlain.toFixed(2)} of a plain step`,
  ]);

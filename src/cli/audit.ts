import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPlace, LIMITS, readBoundedText, writeAtomic } from '../assets/index.js';
import { type AuditConfig, audit, auditPage, parseThreshold, readConfig, verdictOf } from '../audit/index.js';
import { cores } from '../core/cores.js';
import { problem } from '../core/errors.js';
import { integer, number, numeric, oneOf } from '../core/options.js';
import { start } from '../engine/index.js';
import { readFlags } from './flags.js';
import { packageVersion, projectRoot } from './root.js';

const HELP = `roglab audit: how much of a client's images a server rebuilds under your own settings;
writes audit.json and audit.html
  --config FILE       JSON with any of the settings below and more (data/audit.schema.json); flags come on top
  --network NAME      a ready-made network (default lenet), or FILE.onnx; layers of your own in the config
  --weights FILE      before the round: .pt, .pth, .npz, .npy or safetensors (default initial weights)
  --after FILE        after the client's own round, whose images are the first of the data: a measurement
  --data NAME         folder:DIR, cifar10, photos, scenes ...
  --size N            side of the images in pixels (default the data set's own)
  --batch N           images in a client's batch (default 8)
  --clients N         only the mean of N clients' updates is seen (secure aggregation; default 1)
  --batches N         batches that are attacked (default 1)
  --phi LIST          obfuscations, with commas: none,quantize:4,topk:0.95,sign (default none)
  --labels LIST       known,infer (default both)
  --local-steps N     of the client (default 1)
  --learning-rate X   of the client (default 0.003)
  --iterations N      steps of an attack (default 200)
  --seed N            default 1
  --no-remedies       do not look for the smallest change that helps
  --fail-on METRIC:X  exit code 1 where any image reaches it, e.g. ssim:0.5; also the report's threshold
  --workers N         attacks at a time (default one per core)
  --schema WHAT       prints the JSON schema of a config or a result, and does nothing else
  --json              prints audit.json instead of a summary
  --out DIR           default results/audit; a stopped audit of the same settings goes on there`;

/** `roglab audit`. Exit code 1 only where --fail-on says so. */
export async function command(args: string[]): Promise<number> {
  const flags = readFlags('audit', args, {
    config: 'string',
    network: 'string',
    weights: 'string',
    after: 'string',
    data: 'string',
    size: 'string',
    batch: 'string',
    clients: 'string',
    batches: 'string',
    schema: 'string',
    phi: 'string',
    labels: 'string',
    'local-steps': 'string',
    'learning-rate': 'string',
    iterations: 'string',
    seed: 'string',
    'no-remedies': 'boolean',
    'fail-on': 'string',
    workers: 'string',
    json: 'boolean',
    out: 'string',
  });
  if (flags.help) {
    console.log(HELP);
    return 0;
  }
  if (flags.schema !== undefined) {
    const what = oneOf('roglab audit', '--schema', flags.schema, ['config', 'result'] as const);
    const file = { config: 'audit.schema.json', result: 'audit-result.schema.json' }[what];
    process.stdout.write(readFileSync(join(projectRoot(), 'data', file), 'utf8'));
    return 0;
  }
  const whole = (name: string, text: string, low: number) => integer('roglab audit', `--${name}`, numeric(text), low);
  const file = flags.config === undefined ? {} : readJson(flags.config);
  const given: AuditConfig = {
    ...file,
    ...(flags.network && { network: flags.network }),
    ...(flags.weights && { weights: flags.weights }),
    ...(flags.after && { after: flags.after }),
    ...(flags.data && { data: flags.data }),
    ...(flags.size && { size: whole('size', flags.size, 1) }),
    ...(flags.batch && { batch: whole('batch', flags.batch, 1) }),
    ...(flags.clients && { clients: whole('clients', flags.clients, 1) }),
    ...(flags.batches && { batches: whole('batches', flags.batches, 1) }),
    ...(flags.phi && { phi: flags.phi.split(',').map((part) => part.trim()) }),
    ...(flags.labels && { labels: flags.labels.split(',').map((part) => part.trim()) as AuditConfig['labels'] }),
    ...(flags.iterations && { iterations: whole('iterations', flags.iterations, 1) }),
    ...(flags.seed && { seed: whole('seed', flags.seed, 0) }),
    ...(flags['no-remedies'] && { remedies: false }),
    ...(flags['fail-on'] && { threshold: parseThreshold(flags['fail-on']) }),
    client: {
      ...file.client,
      ...(flags['local-steps'] && { localSteps: whole('local-steps', flags['local-steps'], 1) }),
      ...(flags['learning-rate'] && {
        learningRate: number('roglab audit', '--learning-rate', numeric(flags['learning-rate']), 0, 1e6, true),
      }),
    },
  };
  const settings = readConfig(given);
  const out = flags.out ?? join('results', 'audit');
  await checkPlace('roglab audit', out);
  const workers = flags.workers ? whole('workers', flags.workers, 1) : cores();
  const session = await start();
  const attacks = settings.phi.length * settings.labels.length * settings.batches;
  console.error(`${session.line}; ${attacks} attacks of ${settings.iterations} steps, ${workers} at a time`);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(problem('roglab audit', 'stopped', undefined, 'the same command goes on')));
  const result = await audit(given, { folder: out, workers, signal: stop.signal, onProgress: say });
  const verdict = verdictOf(result);
  const version = packageVersion();
  const json = JSON.stringify(asJson(result, verdict, version), null, 2);
  console.log(flags.json ? json : `${verdict.sentence}.`);
  if (!flags.json && verdict.remedy) console.log(`The smallest change tried that leaves none: ${verdict.remedy.phi}.`);
  await writeAtomic(join(out, 'audit.json'), `${json}\n`);
  await writeAtomic(join(out, 'audit.html'), auditPage(result, { version, engine: session.line }));
  if (!flags.json) console.log(`report: ${join(out, 'audit.html')}`);
  return flags['fail-on'] && !verdict.passed ? 1 : 0;
}

type Result = Awaited<ReturnType<typeof audit>>;

export const asJson = ({ audit: config, subject, ...found }: Result, verdict: object, version: string) => ({
  roglab: version,
  config,
  subject: { ...subject, batches: subject.batches.map(({ source, labels }) => ({ source, labels: [...labels] })) },
  verdict,
  rows: found.rows.map(({ pictures: _, ...row }) => row),
  tried: found.tried.map(({ pictures: _, ...row }) => row),
  baselines: found.baselines,
  costs: found.costs,
  ...(found.check && { check: found.check }),
  bounds: found.bounds,
  ...(found.unbounded && { unbounded: found.unbounded }),
  ...(found.privacy && { privacy: found.privacy }),
});

function readJson(path: string): AuditConfig {
  const text = readBoundedText('roglab audit', path, LIMITS.textBytes);
  try {
    return JSON.parse(text) as AuditConfig;
  } catch (error) {
    throw problem('roglab audit', `${path} is not JSON (${(error as Error).message})`);
  }
}

const say = (done: number, total: number, what: string): void => {
  if (!what) return;
  const text = `${done} of ${total} attacks${what ? `, ${what} done` : ''}`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}${done === total ? '\n' : ''}` : `${text}\n`);
};

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPlace, LIMITS, readBoundedText, writeAtomic } from '../assets/index.js';
import {
  type AuditConfig,
  audit,
  auditPage,
  auditSchema,
  checkFailOn,
  failuresOf,
  parseFailOn,
  readConfig,
  verdictOf,
} from '../audit/index.js';
import { cores } from '../core/cores.js';
import { problem } from '../core/errors.js';
import { alone, real, text, whole, word, words } from '../core/option-table.js';
import { counted, roughly } from '../core/units.js';
import { start } from '../engine/index.js';
import { said } from './flags.js';
import { packageVersion, projectRoot } from './root.js';
import { STOPPED, stopSignal, unlessStopped } from './stop.js';

const TOLD = {
  about: "how much of a client's images a server rebuilds under your own settings; writes audit.json and audit.html",
  flags: {
    config: text('JSON with any of the settings below and more (--schema config); flags come on top', 'FILE'),
    network: text('a ready-made network (default lenet), or FILE.onnx; layers of your own in the config', 'NAME'),
    batchNorm: word('while the client trains, train or eval (default as the network has it)', ['train', 'eval']),
    weights: text('before the round: .pt, .pth, .npz, .npy or safetensors (default initial weights)', 'FILE'),
    after: text("after the client's own round, whose images are the first of the data: a measurement", 'FILE'),
    gradients: text('instead of after: the gradient that the client sent, of one step of SGD', 'FILE'),
    data: text('folder:DIR, cifar10, photos, scenes ...', 'NAME'),
    size: whole("side of the images in pixels (default the data set's own)"),
    batch: whole("images in a client's batch (default 8)"),
    clients: whole("only the mean of N clients' updates is seen (secure aggregation; default 1)"),
    batches: whole('batches that are attacked (default 1)'),
    phi: text('obfuscations, with commas: none,quantize:4,topk:0.95,sign (default none)', 'LIST'),
    labels: words('known,infer (default both)', ['known', 'infer']),
    localSteps: whole('of the client (default 1)'),
    learningRate: real('of the client (default 0.003)', undefined, { to: 1e6, open: true }),
    iterations: whole('steps of an attack (default 200)'),
    seed: whole('default 1', undefined, { from: 0 }),
    noRemedies: alone('do not look for the smallest change that helps'),
    failOn: text(
      "exit code 1 where any image reaches METRIC:X, e.g. ssim:0.5, also the report's threshold; rebuilt:X: where " +
        "that share of a phi's images is rebuilt; gamma:X: where the chance to name an image reaches it; or several",
      'LIST',
    ),
    workers: whole('attacks at a time (default one per core)'),
    schema: word('prints the JSON schema of a config or a result, and does nothing else', ['config', 'result']),
    json: alone('prints audit.json instead of a summary'),
    out: text('default results/audit; a stopped audit of the same settings goes on there', 'DIR'),
  },
};

/** `roglab audit`. Exit code 1 only where --fail-on says so, 130 when it was stopped. */
export async function command(args: string[]): Promise<number> {
  const flags = said('audit', TOLD, args);
  if (!flags) return 0;
  if (flags.schema !== undefined) {
    const result = (): string => readFileSync(join(projectRoot(), 'data/audit-result.schema.json'), 'utf8');
    process.stdout.write(flags.schema === 'result' ? result() : `${JSON.stringify(auditSchema(), null, 2)}\n`);
    return 0;
  }
  const file = flags.config === undefined ? {} : readJson(flags.config);
  const { network, batchNorm, weights, after, gradients, data, size, batch, clients, batches } = flags;
  const { labels, iterations, seed, localSteps, learningRate } = flags;
  const failOn = flags.failOn === undefined ? undefined : parseFailOn(flags.failOn);
  const given: AuditConfig = {
    ...file,
    ...without({ network, batchNorm, weights, after, gradients, data, size, batch, clients, batches }),
    ...without({ labels, iterations, seed }),
    ...(flags.phi && { phi: flags.phi.split(',').map((part) => part.trim()) }),
    ...(flags.noRemedies && { remedies: false }),
    ...without({ threshold: failOn?.threshold }),
    client: { ...file.client, ...without({ localSteps, learningRate }) },
  };
  const settings = readConfig(given);
  if (failOn) checkFailOn(failOn, settings);
  const out = flags.out ?? join('results', 'audit');
  await checkPlace('roglab audit', out);
  const { workers = cores() } = flags;
  const session = await start();
  const attacks = settings.phi.length * settings.labels.length * settings.batches;
  const signal = stopSignal();
  console.error(`${session.line}; ${counted(attacks, 'attack')} of ${settings.iterations} steps, ${workers} at a time`);
  const run = { folder: out, workers, signal, onDoubt: doubt, onProgress: say };
  const result = await unlessStopped(signal, audit(given, run));
  if (!result) return STOPPED;
  const verdict = verdictOf(result);
  const version = packageVersion();
  const because = failOn && failuresOf(result, failOn);
  const gate = because && { failOn: flags.failOn, passed: because.length === 0, because };
  const json = JSON.stringify({ ...asJson(result, verdict, version), ...(gate && { gate }) }, null, 2);
  console.log(flags.json ? json : `${verdict.sentence}.`);
  if (!flags.json && verdict.remedy) console.log(`The smallest change tried that leaves none: ${verdict.remedy.phi}.`);
  await writeAtomic(join(out, 'audit.json'), `${json}\n`);
  await writeAtomic(join(out, 'audit.html'), auditPage(result, { version, engine: session.line }));
  if (!flags.json) console.log(`report: ${join(out, 'audit.html')}`);
  for (const why of because ?? []) console.error(`--fail-on ${flags.failOn}: ${why}`);
  return because?.length ? 1 : 0;
}

/** What was said. */
const without = <T extends object>(all: T): Partial<T> =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Partial<T>;

type Result = Awaited<ReturnType<typeof audit>>;

export const asJson = ({ audit: config, subject, ...found }: Result, verdict: object, version: string) => ({
  roglab: version,
  config,
  subject: { ...subject, batches: subject.batches.map(({ source, labels }) => ({ source, labels: [...labels] })) },
  verdict,
  rows: found.rows.map(({ pictures: _, ...row }) => row),
  tried: found.tried.map(({ pictures: _, ...row }) => row),
  untried: found.untried,
  baselines: found.baselines,
  costs: found.costs,
  retrieval: found.retrieval,
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

/** Said before the attacks: they may take long, and tell nothing of another client. */
const doubt = (sentence: string): void => console.error(`${sentence}; there will be no verdict (Ctrl-C stops)`);

const say = (done: number, total: number, what: string, secondsLeft: number): void => {
  const about = secondsLeft >= 2 ? roughly(secondsLeft) : undefined;
  if (!what) {
    if (about) console.error(`about ${about}: ${total - done} attacks, by a trial of the client's update`);
    return;
  }
  const text = `${done} of ${total} attacks, ${what} done${about ? `, about ${about} left` : ''}`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}${done === total ? '\n' : ''}` : `${text}\n`);
};

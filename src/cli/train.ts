import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cacheFolder, checkFilePlace, checkPlace, encodeSafetensors, writeAtomic } from '../assets/index.js';
import { problem } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { alone, text, whole } from '../core/option-table.js';
import { oneOf } from '../core/options.js';
import { roughly } from '../core/units.js';
import { start } from '../engine/index.js';
import { TRAINABLES, type Trainable, type TrainedNetwork } from '../making/networks.js';
import { cardText } from '../models/index.js';
import type { FitProgress } from '../training/index.js';
import { helpText, said } from './flags.js';
import { longRun, storedJson } from './long-run.js';
import { projectRoot } from './root.js';
import { STOPPED, stopSignal } from './stop.js';

const TOLD = {
  about: `trains a network that the library ships, and writes its weights and its card: roglab train NAME

${Object.entries(TRAINABLES)
  .map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  .join('\n')}
`,
  flags: {
    data: text('cifar10 (default), cifar10:DIR; only the train split is trained on', 'NAME'),
    epochs: whole("passes over the train split (default the network's)"),
    seed: whole("initial weights, order, augmentation (default the network's)", undefined, { from: 0 }),
    threads: whole('threads of a step (default all cores)'),
    out: text('where NAME.safetensors and NAME.json go (default data/weights of the package)', 'DIR'),
    resume: text('the checkpoint (default in the cache); a stopped training goes on from it by itself', 'FILE'),
    fresh: alone('forget the checkpoint and start again'),
  },
};

/** `roglab train NAME`: Ctrl-C saves a checkpoint; the same command goes on from it and ends with the same bits. */
export async function command([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help') {
    console.log(helpText('train', TOLD));
    return name ? 0 : 2;
  }
  const values = said('train', TOLD, args);
  if (!values) return 0;
  const trainable = TRAINABLES[oneOf('roglab train', 'NAME', name, Object.keys(TRAINABLES))]!;
  const { epochs = trainable.epochs, seed = trainable.seed, threads } = values;
  const checkpoint = resolve(values.resume ?? join(cacheFolder(), 'training', `${name}.checkpoint`));
  const folder = resolve(values.out ?? join(projectRoot(), 'data/weights'));
  await checkPlace('roglab train', folder, WEIGHTS_BYTES);
  if (values.resume) await checkFilePlace('roglab train', checkpoint);
  if (values.fresh) await rm(checkpoint, { force: true });
  const session = await start(threads ? { threads } : {});
  console.error(session.line);
  const { line } = longRun(new Map([[name, stored(name, epochs)]]), `the minutes of data/weights/${name}.json`);
  if (line) console.error(line);
  const signal = stopSignal();
  const { data } = values;
  const run = { data, epochs, seed, threads, checkpoint, signal, onProgress: reporter() };
  const trained = await trainable.train(run);
  if (trained.fitted.stopped === 'cancelled') {
    console.error(`stopped after ${trained.fitted.steps} steps; the same command goes on from ${checkpoint}`);
    return STOPPED;
  }
  const flags = [`--epochs ${epochs}`, `--seed ${seed}`].join(' ');
  await write(folder, name, trainable, trained, { epochs, seed, command: `npm run train -- ${name} ${flags}` });
  await rm(checkpoint, { force: true });
  return 0;
}

/** Seconds of so many epochs, by the card of the shipped weights. */
function stored(name: string, epochs: number): number {
  const card = storedJson(`weights/${name}.json`) as { readonly minutes: number; readonly epochs: number };
  return (60 * card.minutes * epochs) / card.epochs;
}

/** More than the largest of the networks takes. */
const WEIGHTS_BYTES = 2 ** 25;

/** Weights first, then the card that names their hash: the loader reports what a kill in between leaves. */
async function write(
  folder: string,
  name: string,
  { summary, recipe, half }: Trainable,
  { parameters, fitted, data, scores }: TrainedNetwork,
  settings: { readonly epochs: number; readonly seed: number; readonly command: string },
): Promise<void> {
  const bad = parameters.find((p) => p.data.some((value) => !Number.isFinite(value)));
  if (bad) throw problem('roglab train', `${bad.name} has entries that are no numbers; nothing was written`);
  const bytes = encodeSafetensors(parameters, { name }, { half });
  const card = {
    name,
    summary,
    data,
    ...settings,
    recipe,
    minutes: Number((fitted.seconds / 60).toFixed(1)),
    engine: fitted.engine,
    scores,
    parameters: parameters.reduce((sum, p) => sum + p.data.length, 0),
    bytes: bytes.length,
    sha256: sha256(bytes),
    curve: fitted.history.map(({ epoch, losses, validation }) => ({
      epoch,
      ...rounded(losses),
      validation: rounded(validation),
    })),
  };
  const file = join(folder, `${name}.safetensors`);
  const shown = Object.entries(scores).map(([key, value]) => `${key} ${value.toFixed(4)}`);
  console.log(`${file}: ${(bytes.length / 2 ** 20).toFixed(2)} MiB, ${shown.join(', ')}, ${card.minutes} min`);
  await writeAtomic(file, bytes);
  await writeAtomic(join(folder, `${name}.json`), cardText(card));
}

const rounded = (values: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Number(value.toFixed(4))]));

/** One line rewritten in place on a terminal; elsewhere a line a minute and one per epoch. */
export function reporter(): (progress: FitProgress) => void {
  const { stderr } = process;
  let last = performance.now();
  return (progress) => {
    const now = performance.now();
    const epochEnds = progress.step % (progress.total / progress.epochs) === 0;
    if (!epochEnds && now - last < (stderr.isTTY ? 250 : 60_000)) return;
    last = now;
    stderr.write(stderr.isTTY ? `\r${line(progress)}\u001b[K${epochEnds ? '\n' : ''}` : `${line(progress)}\n`);
  };
}

/** `trunk: epoch 3/8, step 120/390, loss 1.230, accuracy 0.610, 4 min, 12 min left; held out: accuracy 0.640` */
function line({ name, epoch, epochs, step, total, losses, history, seconds, secondsLeft }: FitProgress): string {
  const perEpoch = total / epochs;
  const numbers = (values: Readonly<Record<string, number>>): string =>
    Object.entries(values)
      .map(([key, value]) => `${key} ${value.toFixed(3)}`)
      .join(', ');
  const held = history.at(-1);
  return [
    `${name}: epoch ${epoch + 1}/${epochs}, step ${step - epoch * perEpoch}/${perEpoch}, ${numbers(losses)}, `,
    `${roughly(seconds)}, ${roughly(secondsLeft)} left`,
    held && Object.keys(held.validation).length > 0 ? `; held out: ${numbers(held.validation)}` : '',
  ].join('');
}

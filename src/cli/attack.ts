import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writeAtomic } from '../assets/index.js';
import { type RogsOptions, restore } from '../attacks/index.js';
import { imageAt } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { integer, number, oneOf } from '../core/options.js';
import type { NdArray, Reconstruction, Scores } from '../core/types.js';
import { type Dataset, openDataset } from '../data/index.js';
import { start } from '../engine/index.js';
import { RESTORER_CLASS_NAMES } from '../models/restorer.js';
import { ATTACKS, type AttackName, type AttackOptions, attackBy, lookUp, MODELS } from '../registry/index.js';
import { imageGridPng, imagePng, progress } from '../report/index.js';
import { matched, observeCase, score } from '../studies/index.js';
import { readFlags } from './flags.js';

const HELP = `roglab attack: attack the update of one batch and write what the server rebuilds
  --data NAME         folder:DIR, cifar10, scenes (default cifar10)
  --size N            side of the images in pixels (default the data set's own; 32 for scenes)
  --batch N           images in the client's batch (default 1)
  --model NAME        ${Object.keys(MODELS).join(', ')} (default lenet)
  --phi PHI           none (default), quantize:3, qsgd:3, topk:0.95, sign, noise:-10, topk:0.95+quantize:3, ...
  --local-steps N     steps of local SGD; 1 (default) is FedSGD
  --learning-rate X   of the local steps (default 0.003)
  --labels HOW        known (default) or infer
  --attack NAME       ${Object.keys(ATTACKS).join(', ')} (default rog)
  --preset NAME       of rog: default, or paper (the same as --attack rog-paper)
  --iterations N      objective-and-gradient evaluations (default the attack's own: rog 200, rog-paper 100)
  --restarts N        starting points, the best by the objective is kept (default 1)
  --defense HOW       aware or unaware of phi (default the attack's own: the earlier ones are unaware)
  --restore           puts the pictures through the restorer, told the names of the classes; the raw ones are shown too
  --seed N            images, weights, phi's noise and starting point (default 1)
  --checkpoint FILE   lets a killed attack resume to the same result
  --out DIR           where the pictures go (default results/attack)`;

/** `roglab attack`: PNGs into a folder, one JSON line to standard output, progress to standard error. */
export async function command(args: string[]): Promise<number> {
  const flags = readFlags('attack', args, {
    data: 'string',
    size: 'string',
    batch: 'string',
    model: 'string',
    phi: 'string',
    'local-steps': 'string',
    'learning-rate': 'string',
    labels: 'string',
    attack: 'string',
    preset: 'string',
    restarts: 'string',
    defense: 'string',
    restore: 'boolean',
    iterations: 'string',
    seed: 'string',
    checkpoint: 'string',
    out: 'string',
  });
  if (flags.help) {
    console.log(HELP);
    return 0;
  }
  const whole = (name: string, text: string | undefined, otherwise: number, low: number): number =>
    text === undefined ? otherwise : integer('roglab attack', `--${name}`, Number(text), low);
  const seed = whole('seed', flags.seed, 1, 0);
  const size = whole('batch', flags.batch, 1, 1);
  const build = lookUp('roglab attack: --model', MODELS, flags.model ?? 'lenet');
  const labels = oneOf('roglab attack', '--labels', flags.labels ?? 'known', ['known', 'infer'] as const);
  const settings = {
    phi: flags.phi ?? 'none',
    labels,
    seed,
    localSteps: whole('local-steps', flags['local-steps'], 1, 1),
    learningRate: number('roglab attack', '--learning-rate', Number(flags['learning-rate'] ?? 0.003), 0, 1e6, true),
  };
  const preset = oneOf('roglab attack', '--preset', flags.preset ?? 'default', ['default', 'paper'] as const);
  const name = flags.attack ?? (preset === 'paper' ? 'rog-paper' : 'rog');
  lookUp('roglab attack: --attack', ATTACKS, name);
  const defense = flags.defense && oneOf('roglab attack', '--defense', flags.defense, ['aware', 'unaware'] as const);
  const options: AttackOptions = {
    seed,
    ...(flags.iterations && { iterations: whole('iterations', flags.iterations, 200, 1) }),
    ...(flags.restarts && { restarts: whole('restarts', flags.restarts, 1, 1) }),
    ...(defense && { defenseAware: defense === 'aware' }),
    ...(flags.checkpoint && { checkpoint: flags.checkpoint }),
  };
  const data = await openDataset(flags.data, flags.size ? { size: whole('size', flags.size, 32, 16) } : {});
  if (data.notice) console.error(data.notice);
  if (data.sizes.test < size)
    throw problem('roglab attack', `--batch must be at most the ${data.sizes.test} images of ${data.name}`, size);
  const session = await start({ threads: availableParallelism() });
  const batch = data.batch({ size, seed });
  const model = build({ imageShape: data.imageShape, classes: data.classNames.length, seed });
  const observation = await observeCase(model, batch, settings);
  const show = process.stderr.isTTY ? progress(`${observation.obfuscation.name}, batch ${size}`) : undefined;
  const attacked = await attackBy(name as AttackName)(observation, {
    ...options,
    ...named(name, data),
    onProgress: show,
  });
  const result = flags.restore ? await restore(attacked, { classNames: data.classNames }) : attacked;
  const scores = await score(batch, result);
  const before = flags.restore ? await score(batch, attacked) : undefined;
  const out = flags.out ?? join('results', 'attack');
  const truth = { name: 'private', images: batch.images, captions: [...batch.labels].map((l) => batch.classNames[l]!) };
  const shown = rowOf(before ? 'restored' : 'reconstructed', result, scores);
  await writePictures(out, [truth, ...(before ? [rowOf('raw', attacked, before)] : []), shown]);
  console.log(
    JSON.stringify({
      data: data.name,
      images: batch.source,
      model: model.name,
      ...settings,
      batch: size,
      bitsPerEntry: observation.obfuscation.bitsPerEntry,
      psnr: scores.psnr,
      ssim: scores.ssim,
      globalSsim: scores.globalSsim,
      featureDistance: scores.featureDistance,
      agreement: scores.agreement,
      jaccard: scores.jaccard,
      ...(scores.lpips && { lpips: scores.lpips }),
      mean: means(scores),
      ...(before && { rawMean: means(before) }),
      labelSource: result.labelSource,
      closures: result.closures,
      objective: result.objective,
      seconds: Number(result.seconds.toFixed(2)),
      engine: result.engine,
      session: session.line,
      settings: result.settings,
      out,
    }),
  );
  return 0;
}

/** What an attack that draws on classes is told: what they are called, or that its generator does not know them. */
const named = (attack: string, { classNames }: Dataset): Pick<RogsOptions, 'classNames' | 'classes'> => {
  if (attack !== 'rogs') return {};
  const known = classNames.every((name) => RESTORER_CLASS_NAMES.includes(name));
  return known ? { classNames } : { classes: 'unknown' };
};

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const means = ({ psnr, ssim, globalSsim, featureDistance, agreement, jaccard }: Scores): Record<string, number> =>
  Object.fromEntries(
    Object.entries({ psnr, ssim, globalSsim, featureDistance, agreement, jaccard }).map(([name, v]) => [name, mean(v)]),
  );

/** One row of the grid, and a file per picture. */
interface Row {
  readonly name: string;
  readonly images: NdArray;
  readonly captions: readonly string[];
}

const rowOf = (name: string, result: Reconstruction, scores: Scores): Row => ({
  name,
  images: matched(result, scores),
  captions: scores.psnr.map((value) => `${value.toFixed(1)} dB`),
});

async function writePictures(out: string, rows: readonly Row[]): Promise<void> {
  await mkdir(out, { recursive: true });
  for (const { name, images } of rows)
    for (let i = 0; i < images.shape[0]!; i++)
      await writeAtomic(join(out, `${name}-${i}.png`), imagePng(imageAt(images, i)));
  const grid = imageGridPng(
    rows.map(({ images }) => images),
    { rows: rows.map(({ name }) => name), captions: rows.map(({ captions }) => captions) },
  );
  await writeAtomic(join(out, 'grid.png'), grid);
}

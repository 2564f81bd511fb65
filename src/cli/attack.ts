import { join } from 'node:path';
import { checkPlace, writeAtomic } from '../assets/index.js';
import { type RogsOptions, restore } from '../attacks/index.js';
import { imageAt } from '../core/arrays.js';
import { cores } from '../core/cores.js';
import { problem } from '../core/errors.js';
import { mean } from '../core/numbers.js';
import { type AnyTable, alone, flagOf, real, text, whole, word } from '../core/option-table.js';
import type { NdArray, Reconstruction, Scores } from '../core/types.js';
import { type Dataset, openDataset } from '../data/index.js';
import { start } from '../engine/index.js';
import { RESTORER_CLASS_NAMES } from '../models/restorer.js';
import { OBFUSCATION_FORMS, parseObfuscation } from '../obfuscation/index.js';
import type { AttackName, AttackOptions, ModelName } from '../registry/index.js';
import { ATTACKS, attackBy, MODELS, OPTIONS } from '../registry/index.js';
import { imageGridPng, imagePng, progress } from '../report/index.js';
import { matched, observeCase, score } from '../studies/index.js';
import { attackAnswer } from './attack-answer.js';
import { helpOf, kindsOf, optionsOf, readFlags } from './flags.js';
import { firstClosures } from './long-run.js';
import { STOPPED, stopSignal, unlessStopped } from './stop.js';

/** What the command takes beside the options of the attack. */
const OWN = {
  data: text('folder:DIR, cifar10, scenes (default cifar10)', 'NAME'),
  size: whole("side of the images in pixels (default the data set's own; 32 for scenes)", undefined, { from: 16 }),
  batch: whole("images in the client's batch", 1),
  model: word('the network', Object.keys(MODELS) as ModelName[], 'lenet'),
  phi: text(`${OBFUSCATION_FORMS.join(', ')}; joined by + (default none)`, 'PHI'),
  localSteps: whole('steps of local SGD; 1 is FedSGD', 1),
  learningRate: real('of the local steps', 0.003, { open: true }),
  labels: word('whether the server knows the labels', ['known', 'infer'], 'known'),
  attack: word('the attack', Object.keys(ATTACKS) as AttackName[], 'rog'),
  defense: word('of phi: short for --defense-aware yes or no', ['aware', 'unaware']),
  restore: alone('puts the pictures through the restorer, told the names of the classes; raw ones are shown too'),
  seed: whole("images, weights, phi's noise and starting point", 1, { from: 0 }),
  out: text('where the pictures go (default results/attack)', 'DIR'),
  json: alone('every score, label and setting as one line of JSON instead of a summary'),
};

/** The options of an attack that are flags of their own. */
const ownOf = (attack: AttackName): AnyTable =>
  Object.fromEntries(Object.entries(OPTIONS[attack]).filter(([name]) => !(name in OWN)));

const helpFor = (
  attack: AttackName,
): string => `roglab attack: attack the update of one batch and write what the server rebuilds
${helpOf(OWN)}

of --attack ${attack} (--attack NAME --help tells those of another):
${helpOf(ownOf(attack))}`;

function checkAttackFlags(attack: AttackName, flags: object): void {
  const known = [...Object.keys(kindsOf(OWN, ownOf(attack))), 'help'];
  for (const name of Object.keys(flags)) {
    if (known.includes(name)) continue;
    const takers = (Object.keys(OPTIONS) as AttackName[]).filter((other) => name in kindsOf(ownOf(other)));
    const fix = `an option of ${takers.join(', ')}`;
    throw problem('roglab attack', `--attack ${attack} has no --${name}`, undefined, fix);
  }
}

/**
 * `roglab attack`: PNGs into a folder, a line to standard output (or JSON), progress to standard error. Stopped, it
 * writes the best so far and ends with 130.
 */
export async function command(args: string[]): Promise<number> {
  const flags = readFlags('attack', args, kindsOf(OWN, ...Object.values(OPTIONS)));
  const own = optionsOf('attack', flags, OWN);
  const { seed, batch: size, labels, localSteps, learningRate, attack: name, defense } = own;
  if (flags.help) {
    console.log(helpFor(name));
    return 0;
  }
  checkAttackFlags(name, flags);
  const build = MODELS[own.model];
  const settings = { phi: own.phi ?? 'none', labels, seed, localSteps, learningRate };
  parseObfuscation(settings.phi); // a mistake is told before anything is opened
  const out = own.out ?? join('results', 'attack');
  await checkPlace('roglab attack', out);
  const options: AttackOptions = {
    ...(defense && { defenseAware: defense === 'aware' }),
    ...given(optionsOf('attack', flags, ownOf(name)), flags),
    seed,
  };
  const data = await openDataset(own.data, own.size ? { size: own.size } : {});
  if (data.notice) console.error(data.notice);
  if (data.sizes.test < size)
    throw problem('roglab attack', `--batch must be at most the ${data.sizes.test} images of ${data.name}`, size);
  const session = await start({ threads: cores() });
  const batch = data.batch({ size, seed });
  const model = build({ imageShape: data.imageShape, classes: data.classNames.length, seed });
  const observation = await observeCase(model, batch, settings);
  const show = process.stderr.isTTY
    ? progress(`${observation.obfuscation.name}, batch ${size}`)
    : firstClosures((line) => console.error(line));
  const signal = stopSignal();
  const asked = { ...options, ...named(name, data), signal, onProgress: show };
  const attacked = await unlessStopped(signal, attackBy(name)(observation, asked));
  if (!attacked) return STOPPED;
  const result = own.restore ? await restore(attacked, { classNames: data.classNames }) : attacked;
  const scores = await score(batch, result);
  const before = own.restore ? await score(batch, attacked) : undefined;
  const truth = { name: 'private', images: batch.images, captions: [...batch.labels].map((l) => batch.classNames[l]!) };
  const shown = rowOf(before ? 'restored' : 'reconstructed', result, scores);
  const answer = (): string =>
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
    });
  console.log(own.json ? answer() : attackAnswer(batch, result, scores, { ...(before && { raw: before }), out }));
  await writePictures(out, [truth, ...(before ? [rowOf('raw', attacked, before)] : []), shown]);
  if (attacked.stopped === 'finished') return 0;
  console.error(`stopped after ${attacked.closures} closures: the pictures are the best until then`);
  return STOPPED;
}

/** Options that were said, without the attack's own defaults. */
const given = (options: Record<string, unknown>, flags: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(options).filter(([name]) => flags[flagOf(name)] !== undefined));

/** What an attack that draws on classes is told: what they are called, or that its generator does not know them. */
const named = (attack: string, { classNames }: Dataset): Pick<RogsOptions, 'classNames' | 'classes'> => {
  if (attack !== 'rogs') return {};
  const known = classNames.every((name) => RESTORER_CLASS_NAMES.includes(name));
  return known ? { classNames } : { classes: 'unknown' };
};

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
  for (const { name, images } of rows)
    for (let i = 0; i < images.shape[0]!; i++)
      await writeAtomic(join(out, `${name}-${i}.png`), imagePng(imageAt(images, i)));
  const grid = imageGridPng(
    rows.map(({ images }) => images),
    { rows: rows.map(({ name }) => name), captions: rows.map(({ captions }) => captions) },
  );
  await writeAtomic(join(out, 'grid.png'), grid);
}

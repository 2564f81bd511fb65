import type { Model, NamedArray } from '../core/types.js';
import { type Dataset, openDataset } from '../data/index.js';
import { TAGGER_STEM, type TrunkName, tagger, trunk } from '../models/index.js';
import type { ClassifierOptions, FitProgress, Fitted } from '../training/index.js';
import { oneCycle, sgd, testAccuracy, trainClassifier, whiteningKernel } from '../training/index.js';
import { GENERATOR_RECIPE_TEXT, generatorOn } from './make-generator.js';
import { RESTORER_RECIPE, restorerFrom } from './make-restorer.js';

/** What the command gives to the training of one network. */
export interface TrainRun {
  /** The value of --data. */
  readonly data: string | undefined;
  readonly epochs: number;
  readonly seed: number;
  readonly threads: number | undefined;
  /** File of the checkpoint; there when the training goes on. */
  readonly checkpoint: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: FitProgress) => void;
}

/** What a training leaves: what is written to NAME.safetensors and to its card NAME.json. */
export interface TrainedNetwork {
  readonly parameters: readonly NamedArray[];
  readonly fitted: Fitted;
  /** One sentence about what it was trained on. */
  readonly data: string;
  /** e.g. { testAccuracy: 0.88 }; measured after a finished training only. */
  readonly scores: Readonly<Record<string, number>>;
}

export interface Trainable {
  readonly summary: string;
  readonly epochs: number;
  readonly seed: number;
  /** What decides the weights beside epochs and seed, in words: for the card. */
  readonly recipe: string;
  /** Whether the weights are stored in half precision; default false. */
  readonly half?: boolean;
  readonly train: (run: TrainRun) => Promise<TrainedNetwork>;
}

/** The train split, or an error: scenes must not stand in for the pictures that a card names. */
const trainingData = (name: string | undefined): Promise<Dataset> =>
  openDataset(name, name && !/^cifar10|^$/.test(name) ? {} : { fallback: 'none' });

type Recipe = Pick<ClassifierOptions, 'frozen' | 'augment'> & { readonly peak: number };

/** A classifier: `start` gives the untrained network, the recipe the rest. */
const classifier = (
  about: Pick<Trainable, 'summary' | 'epochs' | 'seed'>,
  start: (seed: number, data: Dataset) => Model,
  { peak, ...options }: Recipe,
): Trainable => ({
  ...about,
  recipe: [
    'cross-entropy with label smoothing 0.1, batch normalisation (folded into the convolutions), batches of ' +
      '64, shift by 4 and flip',
    `SGD, Nesterov 0.9, weight decay 5e-4, one cycle up to ${peak}`,
    ...(options.frozen ? [`${options.frozen} fixed: whitens 3x3 patches of 2000 training images`] : []),
    'the last 1000 training images are held out for the curve',
  ].join('; '),
  train: async ({ data: source, ...run }) => {
    const data = await trainingData(source);
    const { model, fitted, validationAccuracy } = await trainClassifier(start(run.seed, data), data, {
      ...run,
      ...options,
      schedule: oneCycle(peak),
      optimizer: sgd({ weightDecay: 5e-4 }),
    });
    const finished = fitted.stopped === 'finished';
    const scores: Record<string, number> = finished ? { testAccuracy: await testAccuracy(model, data) } : {};
    return {
      parameters: model.parameters,
      fitted,
      data: `train split only; ${data.source}`,
      scores: { validationAccuracy, ...scores },
    };
  },
});

const shapeOf = ({ imageShape, classNames }: Dataset) => ({ imageShape, classes: classNames.length });

const aTrunk = (name: TrunkName, summary: string, epochs: number, seed: number): Trainable =>
  classifier({ summary, epochs, seed }, (from, data) => trunk({ ...shapeOf(data), seed: from }, name), { peak: 0.15 });

/** The tagger before its training: the first layer whitens. */
function whitenedTagger(seed: number, data: Dataset): Model {
  const model = tagger({ ...shapeOf(data), seed });
  const images = data.batch({ split: 'train', size: Math.min(2000, data.sizes.train), seed }).images;
  const whiten = (p: Model['parameters'][number]) =>
    p.name === TAGGER_STEM ? { name: p.name, ...whiteningKernel(images, p.shape.at(-1)!) } : p;
  return { ...model, parameters: model.parameters.map(whiten) };
}

/** name -> how to train it. The weights go to data/weights/NAME.safetensors. */
export const TRAINABLES: Readonly<Record<string, Trainable>> = {
  tagger: classifier(
    { summary: 'names what is in a picture, for the semantic score', epochs: 7, seed: 2023 },
    whitenedTagger,
    { peak: 0.1, frozen: [TAGGER_STEM] },
  ),
  trunk: aTrunk('trunk', 'the trunk that featureDistance scores with', 5, 301),
  'trunk-loss': aTrunk('trunk-loss', "the trunk of the restorer's training loss, never of a score", 5, 907),
  restorer: {
    summary: 'raw reconstructions to natural pictures, for restore()',
    epochs: 5,
    seed: 1,
    recipe: RESTORER_RECIPE,
    half: true,
    train: async ({ data, ...run }) => restorerFrom(await trainingData(data), run),
  },
  generator: {
    summary: 'class-conditional pictures from a latent, for rogs()',
    epochs: 45,
    seed: 1,
    recipe: GENERATOR_RECIPE_TEXT,
    half: true,
    train: async ({ data, ...run }) => generatorOn(await trainingData(data), run),
  },
};

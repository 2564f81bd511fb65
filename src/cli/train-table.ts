import type { NamedArray } from '../core/types.js';
import { type Dataset, openDataset } from '../data/index.js';
import { type TrunkName, trunk } from '../models/index.js';
import { type FitProgress, type Fitted, oneCycle, sgd, testAccuracy, trainClassifier } from '../training/index.js';

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

/** A network that `npm run train` can make. */
export interface Trainable {
  readonly summary: string;
  readonly epochs: number;
  readonly seed: number;
  /** What decides the weights beside epochs and seed, in words: for the card. */
  readonly recipe: string;
  readonly train: (run: TrainRun) => Promise<TrainedNetwork>;
}

/** The train split, or an error: scenes must not stand in for the pictures that a card names. */
const trainingData = (name: string | undefined): Promise<Dataset> =>
  openDataset(name, name && !/^cifar10|^$/.test(name) ? {} : { fallback: 'none' });

const aTrunk = (name: TrunkName, summary: string, epochs: number, seed: number): Trainable => ({
  summary,
  epochs,
  seed,
  recipe:
    'cross-entropy with label smoothing 0.1; batch normalisation, folded; batches of 64; SGD, Nesterov 0.9, weight decay 5e-4; one cycle up to 0.15; shift by 4 and flip',
  train: async ({ data: source, ...run }) => {
    const data = await trainingData(source);
    const start = trunk({ imageShape: data.imageShape, classes: data.classNames.length, seed: run.seed }, name);
    const schedule = oneCycle(0.15, 0.25);
    const { model, fitted, validationAccuracy } = await trainClassifier(start, data, {
      ...run,
      schedule,
      optimizer: sgd({ weightDecay: 5e-4 }),
    });
    const finished = fitted.stopped === 'finished';
    const scores: Record<string, number> = finished ? { testAccuracy: await testAccuracy(model, data) } : {};
    return { parameters: model.parameters, fitted, data: data.source, scores: { validationAccuracy, ...scores } };
  },
});

/** name -> how to train it. The weights go to data/weights/NAME.safetensors. */
export const TRAINABLES: Readonly<Record<string, Trainable>> = {
  trunk: aTrunk('trunk', 'the trunk that featureDistance scores with', 6, 301),
  'trunk-loss': aTrunk('trunk-loss', "the trunk of the restorer's training loss, never of a score", 5, 907),
};

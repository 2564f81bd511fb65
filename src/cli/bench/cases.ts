/** What the speed table measures. */
export interface BenchCase {
  /** `closure`: objective and gradient in the latent, a step of an attack. `train`: an SGD step of the parameters. */
  readonly kind: 'closure' | 'train' | 'private';
  readonly model: 'lenet' | 'vgg7' | 'paperResnet18';
  readonly size: number;
  readonly batch: number;
  readonly localSteps: number;
  readonly classes: number;
}

const closure = (model: BenchCase['model'], size: number, batch: number, localSteps = 1, classes = 10): BenchCase => ({
  kind: 'closure',
  model,
  size,
  batch,
  localSteps,
  classes,
});

/** name -> case; those of the paper's size and 100 local steps take minutes and are measured when named */
export const benchCases: Readonly<Record<string, BenchCase>> = {
  'lenet-b1': closure('lenet', 32, 1),
  'lenet-b4': closure('lenet', 32, 4),
  'lenet-b16': closure('lenet', 32, 16),
  'lenet-b1-steps5': closure('lenet', 32, 1, 5),
  'lenet-b4-steps5': closure('lenet', 32, 4, 5),
  'lenet-b16-steps5': closure('lenet', 32, 16, 5),
  'lenet-b1-steps4': closure('lenet', 32, 1, 4),
  'lenet-b1-steps100': closure('lenet', 32, 1, 100),
  'vgg7-b4': closure('vgg7', 32, 4),
  'resnet18-b1': closure('paperResnet18', 64, 1),
  'train-lenet-b64': { kind: 'train', model: 'lenet', size: 32, batch: 64, localSteps: 1, classes: 10 },
  'train-lenet-b16': { kind: 'train', model: 'lenet', size: 32, batch: 16, localSteps: 1, classes: 10 },
  'private-lenet-b16': { kind: 'private', model: 'lenet', size: 32, batch: 16, localSteps: 1, classes: 10 },
  'train-resnet18-b16': { kind: 'train', model: 'paperResnet18', size: 32, batch: 16, localSteps: 1, classes: 10 },
  'private-resnet18-b16': { kind: 'private', model: 'paperResnet18', size: 32, batch: 16, localSteps: 1, classes: 10 },
  'paper-lenet': closure('lenet', 128, 16, 5, 1000),
  'paper-resnet18': closure('paperResnet18', 128, 4, 1, 1000),
};

/** Cases that fill a graphics card, for `--gpu`. */
export const GPU_CASES = ['lenet-b1', 'lenet-b16', 'lenet-b16-steps5', 'vgg7-b4', 'paper-lenet', 'paper-resnet18'];

/** The flags that tell a contestant its case. */
export const caseFlags = ({ kind, model, size, batch, localSteps, classes }: BenchCase, threads: number): string[] =>
  Object.entries({ kind, model, size, batch, 'local-steps': localSteps, classes, threads }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);

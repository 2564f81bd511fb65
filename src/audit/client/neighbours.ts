import type { Batch, Layer, Model } from '../../core/types.js';
import { type ClientOptions, clientSettings, stepsOf } from '../../federation/index.js';
import { mapLayers } from '../../models/index.js';

/** Another client that a user may have had in mind. */
export interface Neighbour {
  /** What is different, as a sentence about the real client. */
  readonly says: string;
  readonly model: Model;
  readonly client: ClientOptions;
  readonly batch: Images;
}

export type Images = Pick<Batch, 'images' | 'labels'>;

type Given = Omit<Neighbour, 'says'>;
type Change = (given: Given) => Partial<Given>;

const isSgd = ({ optimizer = 'sgd' }: ClientOptions): boolean =>
  (typeof optimizer === 'string' ? optimizer : optimizer.kind) === 'sgd';

const client =
  (change: (client: ClientOptions, images: number) => ClientOptions): Change =>
  (given) => ({ client: change(given.client, given.batch.labels.length) });

const layers =
  (change: (layers: readonly Layer[], model: Model) => readonly Layer[]): Change =>
  ({ model }) => ({ model: { ...model, layers: change(model.layers, model) } });

/** Other settings of the optimizer there is; plain SGD's where it is none of that kind. */
const withSgd = (more: object): Change =>
  client((given) => {
    const own = isSgd(given) && typeof given.optimizer === 'object' ? given.optimizer : {};
    return { ...given, optimizer: { ...own, kind: 'sgd', ...more } };
  });

const withDecay = (weightDecay: number): Change =>
  client(({ optimizer = 'sgd', ...given }) => {
    const own = typeof optimizer === 'string' ? { kind: optimizer } : optimizer;
    return { ...given, optimizer: { ...own, weightDecay } };
  });

const NORMALISATIONS: Readonly<Record<string, readonly [mean: readonly number[], std: readonly number[]]>> = {
  'mean 0.5 and deviation 0.5': [
    [0.5, 0.5, 0.5],
    [0.5, 0.5, 0.5],
  ],
  "ImageNet's": [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ],
  "CIFAR-10's": [
    [0.4914, 0.4822, 0.4465],
    [0.247, 0.2435, 0.2616],
  ],
  "CIFAR-10's, as often copied": [
    [0.4914, 0.4822, 0.4465],
    [0.2023, 0.1994, 0.201],
  ],
  "MNIST's": [[0.1307], [0.3081]],
  'mean 0.5 and deviation 0.5, gray': [[0.5], [0.5]],
};

const isSoftmax = (layer: Layer | undefined): boolean => layer?.kind === 'softmax';

const bare = (list: readonly Layer[]): Layer[] => list.filter(({ kind }) => kind !== 'normalize');

const normalised = (mean: readonly number[], std: readonly number[]): Change =>
  layers((list, { imageShape }) =>
    mean.length === imageShape[2] ? [{ kind: 'normalize', mean, std }, ...bare(list)] : list,
  );

/** Another number of steps; lists of rows and factors, one for each step, are then nobody's. */
const steps = (count: (given: number) => number): Change =>
  client(({ localSteps = 1, order, schedule, ...given }) => ({
    ...given,
    localSteps: Math.max(1, Math.round(count(localSteps))),
    ...(typeof order === 'string' && { order }),
    ...(typeof schedule === 'string' && { schedule }),
  }));

/** Other rows of the batch in each local step, the number of steps being the same. */
const rows = (change: (steps: readonly (readonly number[])[], images: number) => ClientOptions): Change =>
  client((given, images) => {
    const all = Array.from({ length: images }, (_, i) => i);
    const taken = stepsOf(clientSettings('checkClient', images, given)).map((step) => step.rows ?? all);
    return { ...given, ...change(taken, images) };
  });

/** Mini-batches of another size, in as many steps or in as many rounds over the batch. */
const miniBatches = (size: (images: number) => number, rounds: boolean): Change =>
  client(({ localSteps = 1, miniBatch, order: _, schedule, ...given }, images) => {
    const each = Math.min(images, Math.max(1, Math.ceil(size(images))));
    const epochs = localSteps / Math.ceil(images / (miniBatch ?? images));
    const count = rounds ? Math.max(1, Math.round(epochs * Math.ceil(images / each))) : localSteps;
    const kept = typeof schedule === 'string' || count === localSteps;
    return { ...given, localSteps: count, miniBatch: each, ...(kept && schedule && { schedule }) };
  });

const inMode = (mode: 'eval' | 'train'): Change =>
  layers((list) => mapLayers(list, (layer) => (layer.kind === 'batchNorm' ? { ...layer, mode } : layer)));

const inDropout = (mask: 'off' | 'unknown'): Change =>
  layers((list) => mapLayers(list, (layer) => (layer.kind === 'dropout' ? { ...layer, mask } : layer)));

/** Other images, pixel by pixel: `of` gives the place in an image that a number comes from. */
const pictures =
  (of: (place: number, width: number, channels: number) => number): Change =>
  ({ batch }) => {
    const [, , width = 1, channels = 1] = batch.images.shape;
    const data = batch.images.data.map((_, i, all) => all[of(i, width, channels)]!);
    return { batch: { ...batch, images: { ...batch.images, data } } };
  };

const backwards = (i: number, n: number): number => i - (i % n) + n - 1 - (i % n);

const of = <T>(values: readonly T[], says: (value: T) => string, change: (value: T) => Change): [string, Change][] =>
  values.map((value) => [says(value), change(value)]);

const CHANGES: readonly (readonly [says: string, change: Change])[] = [
  ...of(
    [0.9, 0.5, 0.8, 0.95, 0.99],
    (n) => `momentum ${n}`,
    (momentum) => withSgd({ momentum }),
  ),
  ['no momentum', withSgd({ momentum: 0, nesterov: false })],
  ['Nesterov momentum 0.9', withSgd({ momentum: 0.9, nesterov: true })],
  ['momentum without Nesterov', withSgd({ nesterov: false })],
  ['Adam', client((given) => ({ ...given, optimizer: 'adam' }))],
  ['AdamW', client((given) => ({ ...given, optimizer: 'adamw' }))],
  ...of([5e-4, 1e-4, 1e-3, 1e-2, 1e-5], (n) => `weight decay ${n < 1e-3 ? n.toExponential() : n}`, withDecay),
  ['no weight decay', withDecay(0)],
  ['plain SGD', client((given) => ({ ...given, optimizer: 'sgd' }))],
  ["Adam with Keras' epsilon 1e-7", client((given) => ({ ...given, optimizer: { kind: 'adam', epsilon: 1e-7 } }))],
  ...of(
    [0.1, 0.05, 0.2],
    (n) => `label smoothing ${n}`,
    (labelSmoothing) => client((given) => ({ ...given, labelSmoothing })),
  ),
  ['no label smoothing', client(({ labelSmoothing: _, ...given }) => given)],
  ['batch statistics in its batch normalisation (training mode)', inMode('train')],
  ['running statistics in its batch normalisation (evaluation mode)', inMode('eval')],
  ['no dropout', inDropout('off')],
  ['dropout', inDropout('unknown')],
  ['no input normalisation', layers(bare)],
  ...of(
    Object.entries(NORMALISATIONS),
    ([name]) => `input normalisation by ${name}`,
    ([, [mean, std]]) => normalised(mean, std),
  ),
  ['pixels from 0 to 255', layers((list) => [{ kind: 'scale', factor: 255 }, ...bare(list)])],
  ['its channels in the order blue, green, red', pictures((i, _, channels) => backwards(i, channels))],
  [
    'its images mirrored',
    pictures((i, width, channels) => backwards(Math.floor(i / channels), width) * channels + (i % channels)),
  ],
  [
    'a softmax before its loss, which has one of its own',
    layers((list, { file }) => (file?.softmax && !isSoftmax(list.at(-1)) ? [...list, { kind: 'softmax' }] : list)),
  ],
  ['every layer trained', client(({ frozen: _, ...given }) => given)],
  ['a constant learning rate', client((given) => ({ ...given, schedule: 'constant' }))],
  ['a learning rate that falls as a cosine', client((given) => ({ ...given, schedule: 'cosine' }))],
  ['a learning rate that falls linearly', client((given) => ({ ...given, schedule: 'linear' }))],
  ['mini-batches in the order of the batch', rows(() => ({ order: 'cyclic' }))],
  ['its mini-batches in reverse order', rows((taken) => ({ order: [...taken].reverse() }))],
  ['its images in reverse order', rows((taken, n) => ({ order: taken.map((step) => step.map((i) => n - 1 - i)) }))],
  ['the whole batch in each local step', miniBatches((n) => n, false)],
  ['half of the batch in each local step', miniBatches((n) => n / 2, false)],
  ['one image in each local step', miniBatches(() => 1, false)],
  ...of(
    [2, 4, 8, 16, 32, 64],
    (n) => `mini-batches of ${n}`,
    (n) => miniBatches(() => n, false),
  ),
  ['mini-batches of the whole batch, as many rounds', miniBatches((n) => n, true)],
  ['mini-batches of half of it, as many rounds', miniBatches((n) => n / 2, true)],
  ...of(
    [1, 2, 4, 8, 16, 32, 64],
    (n) => `mini-batches of ${n}, as many rounds`,
    (n) => miniBatches(() => n, true),
  ),
  ['twice as many local steps', steps((n) => 2 * n)],
  ['half as many local steps', steps((n) => n / 2)],
  ['one local step', steps(() => 1)],
  ['one local step more', steps((n) => n + 1)],
  ['one local step less', steps((n) => n - 1)],
  ...of(
    [3, 5, 10],
    (n) => `${n} times as many local steps`,
    (by) => steps((n) => by * n),
  ),
  ...of(
    [3, 5, 10],
    (by) => `a ${by}th of the local steps`.replace('3th', 'third').replace('5th', 'fifth').replace('10th', 'tenth'),
    (by) => steps((n) => n / by),
  ),
];

/** Clients one change away from the given one; those that change nothing are left out. */
export function neighboursOf(given: Given): Neighbour[] {
  const images = given.batch.labels.length;
  const { epochs: _, ...rest } = given.client;
  const from = {
    ...given,
    client: { ...rest, localSteps: clientSettings('checkClient', images, given.client).localSteps },
  };
  const seen = new Set([plain(from, images)]);
  return CHANGES.flatMap(([says, change]) => {
    const next = { ...from, ...change(from), says };
    const name = plain(next, images);
    if (seen.has(name)) return [];
    seen.add(name);
    return [next];
  });
}

/** What two clients have in common that do the same, however they were written down. */
function plain({ model, client: given, batch }: Given, images: number): string {
  const settings = clientSettings('checkClient', images, given);
  const { order: _, miniBatch: __, ...rest } = settings;
  const all = Array.from({ length: images }, (_, i) => i);
  const taken = stepsOf(settings).map((step) => step.rows ?? all);
  return JSON.stringify([model.layers, rest, taken, [...batch.images.data.slice(0, 4096)]]);
}

import type { Model } from '../../core/types.js';
import { type ClientOptions, clientSettings, stepsOf } from '../../federation/index.js';
import { mapLayers, someLayer } from '../../models/index.js';

/** Another client that a user may have had in mind. */
export interface Neighbour {
  /** What is different, as a sentence about the real client. */
  readonly says: string;
  readonly model: Model;
  readonly client: ClientOptions;
}

type Change = readonly [
  says: string,
  change: (model: Model, client: ClientOptions, images: number) => { model?: Model; client?: ClientOptions },
];

const isSgd = ({ optimizer = 'sgd' }: ClientOptions): boolean =>
  (typeof optimizer === 'string' ? optimizer : optimizer.kind) === 'sgd';

const withSgd =
  (more: object): Change[1] =>
  (_, client) => ({
    client: {
      ...client,
      optimizer: {
        ...(isSgd(client) && typeof client.optimizer === 'object' ? client.optimizer : {}),
        kind: 'sgd',
        ...more,
      },
    },
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
};

const inMode =
  (mode: 'eval' | 'train'): Change[1] =>
  (model) => ({
    model: {
      ...model,
      layers: mapLayers(model.layers, (layer) => (layer.kind === 'batchNorm' ? { ...layer, mode } : layer)),
    },
  });

/** Another number of steps; lists of rows and factors, one for each step, are then nobody's. */
const steps =
  (count: (given: number) => number): Change[1] =>
  (_, { localSteps = 1, order, schedule, ...client }) => ({
    client: {
      ...client,
      localSteps: Math.max(1, Math.round(count(localSteps))),
      ...(typeof order === 'string' && { order }),
      ...(typeof schedule === 'string' && { schedule }),
    },
  });

/** Other rows of the batch in each local step, the number of steps being the same. */
const rows =
  (change: (steps: readonly (readonly number[])[], images: number) => ClientOptions): Change[1] =>
  (_, client, images) => {
    const settings = clientSettings('checkClient', images, client);
    const all = Array.from({ length: images }, (_, i) => i);
    const taken = stepsOf(settings).map((step) => step.rows ?? all);
    return { client: { ...client, ...change(taken, images) } };
  };

const hasBatchNorm = ({ layers }: Model): boolean => someLayer(layers, ({ kind }) => kind === 'batchNorm');

/** One change each. */
const CHANGES: readonly Change[] = [
  ['momentum 0.9', withSgd({ momentum: 0.9 })],
  ['no momentum', withSgd({ momentum: 0, nesterov: false })],
  ['Nesterov momentum 0.9', withSgd({ momentum: 0.9, nesterov: true })],
  ['weight decay 5e-4', withSgd({ weightDecay: 5e-4 })],
  ['weight decay 1e-4', withSgd({ weightDecay: 1e-4 })],
  ['momentum 0.9 with weight decay 5e-4', withSgd({ momentum: 0.9, weightDecay: 5e-4 })],
  ['Adam', (_, client) => ({ client: { ...client, optimizer: 'adam' } })],
  ['AdamW', (_, client) => ({ client: { ...client, optimizer: 'adamw' } })],
  ['batch statistics in its batch normalisation (training mode)', inMode('train')],
  ['running statistics in its batch normalisation (evaluation mode)', inMode('eval')],
  [
    'no input normalisation',
    (model) => ({ model: { ...model, layers: model.layers.filter(({ kind }) => kind !== 'normalize') } }),
  ],
  ...Object.entries(NORMALISATIONS).map(
    ([name, [mean, std]]): Change => [
      `input normalisation by ${name}`,
      (model) => {
        const rest = model.layers.filter(({ kind }) => kind !== 'normalize');
        return { model: { ...model, layers: [{ kind: 'normalize', mean, std }, ...rest] } };
      },
    ],
  ),
  ['every layer trained', (_, { frozen: __, ...client }) => ({ client })],
  ['mini-batches in the order of the batch', rows(() => ({ order: 'cyclic' }))],
  ['its mini-batches in reverse order', rows((taken) => ({ order: [...taken].reverse() }))],
  ['its images in reverse order', rows((taken, n) => ({ order: taken.map((step) => step.map((i) => n - 1 - i)) }))],
  ['the whole batch in each local step', rows((_, n) => ({ miniBatch: n, order: 'cyclic' }))],
  ['half of the batch in each local step', rows((_, n) => ({ miniBatch: Math.ceil(n / 2), order: 'cyclic' }))],
  ['one image in each local step', rows(() => ({ miniBatch: 1, order: 'cyclic' }))],
  ['twice as many local steps', steps((n) => 2 * n)],
  ['half as many local steps', steps((n) => n / 2)],
  ['one local step', steps(() => 1)],
];

/** Clients one change away from the given one; those that change nothing or do not apply are left out. */
export function neighboursOf(model: Model, given: ClientOptions, images: number): Neighbour[] {
  const { epochs: _, ...rest } = given;
  const client = { ...rest, localSteps: clientSettings('checkClient', images, given).localSteps };
  const colour = model.imageShape[2] === 3;
  return CHANGES.flatMap(([says, change]) => {
    const changed = change(model, client, images);
    const next = { says, model: changed.model ?? model, client: changed.client ?? client };
    const same = isSame(next, { model, client }, images);
    const misfit = (/normalisation by/.test(says) && !colour) || (/statistics/.test(says) && !hasBatchNorm(model));
    return same || misfit ? [] : [next];
  });
}

/** Whether two clients do the same, however they were written down. */
function isSame(a: Omit<Neighbour, 'says'>, b: Omit<Neighbour, 'says'>, images: number): boolean {
  const plain = ({ model, client }: typeof a): string => {
    const { order: _, miniBatch: __, ...rest } = clientSettings('checkClient', images, client);
    const all = Array.from({ length: images }, (_, i) => i);
    const taken = stepsOf(clientSettings('checkClient', images, client)).map((step) => step.rows ?? all);
    return JSON.stringify([model.layers, rest, taken]);
  };
  return plain(a) === plain(b);
}

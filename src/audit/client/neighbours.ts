import type { Model } from '../../core/types.js';
import type { ClientOptions } from '../../federation/index.js';
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
  change: (model: Model, client: ClientOptions) => { model?: Model; client?: ClientOptions },
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

const steps =
  (factor: number): Change[1] =>
  (_, { localSteps = 1, ...client }) => ({
    client: { ...client, localSteps: Math.round(localSteps * factor) },
  });

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
  ['twice as many local steps', steps(2)],
  ['half as many local steps', steps(0.5)],
  ['one local step', (_, client) => ({ client: { ...client, localSteps: 1 } })],
];

/** Clients one change away from the given one; those that change nothing or do not apply are left out. */
export function neighboursOf(model: Model, client: ClientOptions): Neighbour[] {
  const colour = model.imageShape[2] === 3;
  return CHANGES.flatMap(([says, change]) => {
    const changed = change(model, client);
    const next = { says, model: changed.model ?? model, client: changed.client ?? client };
    const same = JSON.stringify([next.model.layers, next.client]) === JSON.stringify([model.layers, client]);
    const misfit = (/normalisation by/.test(says) && !colour) || (/statistics/.test(says) && !hasBatchNorm(model));
    return same || misfit || (next.client.localSteps ?? 1) < 1 ? [] : [next];
  });
}

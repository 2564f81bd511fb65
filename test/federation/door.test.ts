import assert from 'node:assert/strict';
import test from 'node:test';
import { analytic, restore } from '../../src/attacks/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { ClientSettings, Update } from '../../src/core/types.js';
import { start } from '../../src/engine/index.js';
import { applyUpdate, averageUpdates, clientUpdate, observe } from '../../src/federation/index.js';
import { loadWeights, network, saveWeights } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { ATTACKS } from '../../src/registry/index.js';
import { federate, liveScores, matched, score } from '../../src/studies/index.js';
import { testAccuracy } from '../../src/training/index.js';

await start({ threads: 1 });
const model = network({
  ...{ name: 'door', imageShape: [4, 4, 1], classes: 3 },
  layers: [{ kind: 'dense', units: 6, bias: true }, { kind: 'relu' }, { kind: 'dense', units: 3 }],
});
const batch = {
  ...{ images: ndarray([2, 4, 4, 1], uniformStream(1)), labels: Int32Array.of(2, 0) },
  ...{ classNames: ['a', 'b', 'c'], source: 'made up' },
};
const update = await clientUpdate(model, batch);
const result = { kind: 'reconstruction', attack: 'rog', images: batch.images } as never;
const client = { batchSize: 2, localSteps: 1, learningRate: 0.1, miniBatch: 2 };

/** The update with something else in it. */
const tampered = (change: object): Update => ({ ...update, ...change }) as Update;
const first = (change: object): Update =>
  tampered({ tensors: update.tensors.map((t, k) => (k === 0 ? { ...t, ...change } : t)) });
const settings = (change: object): Update => tampered({ client: { ...client, ...change } });

test('an update made by hand is taken when it is right', () => {
  const bare = { tensors: update.tensors, client } as unknown as Update;
  assert.equal(observe(model, bare).kind, 'observation');
  const several: ClientSettings = { ...client, clients: [{ share: 1, settings: client }] };
  assert.equal(observe(model, tampered({ client: several })).kind, 'observation');
});

const wrong: readonly [string, Update, RegExp][] = [
  [
    'float64 values',
    first({ data: Float64Array.from(update.tensors[0]!.data) }),
    /dense0\/kernel must be a Float32Array, got Float64Array\(96\); write Float32Array.from/,
  ],
  [
    'bare arrays',
    tampered({ tensors: update.tensors.map(({ data }) => data) }),
    /tensor 0 must be \{ name, shape, data \}/,
  ],
  ['a plain list', first({ data: [1, 2, 3] }), /must be a Float32Array, got \[1, 2, 3\]/],
  ['no data', first({ data: undefined }), /must be a Float32Array/],
  ['too few numbers', first({ data: new Float32Array(95) }), /dense0\/kernel \[16,6\] must hold 96 numbers, got 95/],
  [
    'another name',
    first({ name: 'conv0/kernel' }),
    /tensor 0 must be dense0\/kernel \[16,6\], got "conv0\/kernel \[16,6\]"/,
  ],
  [
    'another shape',
    first({ shape: [6, 16] }),
    /tensor 0 must be dense0\/kernel \[16,6\], got "dense0\/kernel \[6,16\]"/,
  ],
  [
    'a tensor too few',
    tampered({ tensors: update.tensors.slice(1) }),
    /the model has 3 parameter tensors, got "2 in the update"/,
  ],
  ['no list', tampered({ tensors: { a: 1 } }), /the tensors must be a list/],
  [
    'a hole',
    tampered({ tensors: [undefined, ...update.tensors.slice(1)] }),
    /tensor 0 must be \{ name, shape, data \}/,
  ],
  [
    'infinity',
    first({ data: update.tensors[0]!.data.map(() => Number.POSITIVE_INFINITY) }),
    /must be finite; dense0\/kernel\[0\] is Infinity/,
  ],
  ['no client', tampered({ client: undefined }), /must say what its client did.*client: \{ batchSize: 1/],
  ['no batch size', settings({ batchSize: undefined }), /client: batchSize must be an integer of at least 1/],
  ['half a step', settings({ localSteps: 1.5 }), /client: localSteps must be an integer of at least 1, got 1.5/],
  ['a rate in words', settings({ learningRate: '0.1' }), /client: learningRate must be a number above 0, got "0.1"/],
  ['a rate of 0', settings({ learningRate: 0 }), /client: learningRate must be a number above 0, got 0/],
  [
    'no mini-batch',
    settings({ miniBatch: undefined }),
    /miniBatch must be an integer from 1 to 2; 2 when every step takes the whole batch/,
  ],
  ['a large mini-batch', settings({ miniBatch: 3 }), /miniBatch must be an integer from 1 to 2, got 3/],
  ['a misspelt field', settings({ localStep: 2 }), /client: unknown option "localStep"; did you mean "localSteps"/],
  [
    'an unknown optimizer',
    settings({ optimizer: { kind: 'adamax' } }),
    /kind must be one of sgd, adam, adamw, got "adamax"; did you mean "adam"/,
  ],
  [
    'a short schedule',
    settings({ localSteps: 3, schedule: [1, 1] }),
    /schedule must give a factor for each of the 3 local steps/,
  ],
  ['rows that are not there', settings({ order: [[2]] }), /order\[0\] must list rows of the batch, 0 to 1, got \[2\]/],
  ['a made-up order', settings({ order: 'random' }), /order must be one of cyclic, got "random"/],
  [
    'shares over 1',
    settings({
      clients: [
        { share: 0.7, settings: { ...client, batchSize: 1, miniBatch: 1 } },
        { share: 0.7, settings: { ...client, batchSize: 1, miniBatch: 1 } },
      ],
    }),
    /shares must add up to 1, got 1.4/,
  ],
  [
    'clients of other sizes',
    settings({ clients: [{ share: 1, settings: { ...client, batchSize: 3 } }] }),
    /images must add up to batchSize 2, got 3/,
  ],
];

for (const [what, made, message] of wrong)
  test(`observe says what is wrong with an update made by hand: ${what}`, () => {
    assert.throws(() => observe(model, made), message);
  });

for (const [name, attack] of Object.entries(ATTACKS))
  test(`${name} checks an observation made by hand, and says what it was given instead of one`, async () => {
    const observed = observe(model, update, { labels: batch.labels });
    const run = attack as (o: unknown) => Promise<unknown>;
    await assert.rejects(
      async () => run(update),
      new RegExp(`the first argument must be an observation, got an update; ${name.replace(/-.*/, '')}`),
    );
    await assert.rejects(async () => run(model), /must be an observation, got a model \("door"\)/);
    await assert.rejects(
      async () => run({ ...observed, client: { ...client, batchSize: 0 } }),
      /batchSize must be an integer/,
    );
  });

const swapped: readonly [string, () => unknown, RegExp][] = [
  [
    'observe',
    () => observe(update as never, model as never),
    /observe: the first argument must be a model, got an update; the order is observe\(model, update\)/,
  ],
  [
    'observe with the batch',
    () => observe(model, batch as never),
    /the second argument must be an update, got a batch; observe\(model, update\); make one with clientUpdate/,
  ],
  [
    'observe without await',
    () => observe(model, clientUpdate(model, batch) as never),
    /the second argument must be an update, got a promise; await it/,
  ],
  [
    'clientUpdate',
    () => clientUpdate(batch as never, model as never),
    /clientUpdate: the first argument must be a model, got a batch; the order is clientUpdate\(model, batch\)/,
  ],
  [
    'applyUpdate',
    () => applyUpdate(update.tensors as never, model as never, 1),
    /applyUpdate: the first argument must be a model.*applyUpdate\(model, delta, learningRate\)/,
  ],
  ['averageUpdates', () => averageUpdates(update as never), /needs at least one update, in a list/],
  [
    'score',
    () => score(result, batch),
    new RegExp(
      'score: the first argument must be the private batch, got a reconstruction \\("rog"\\); ' +
        'the order is score\\(batch, result\\)',
    ),
  ],
  [
    'score with the observation',
    () => score(batch, observe(model, update) as never),
    /the second argument must be a result, got an observation/,
  ],
  [
    'matched',
    () => matched({ match: [0, 1] } as never, result),
    /matched: the first argument must be a result, got .*; the order is matched\(result, scores\)/,
  ],
  [
    'liveScores',
    () => liveScores(result),
    /liveScores: the first argument must be the private batch, got a reconstruction/,
  ],
  [
    'loadWeights',
    () => loadWeights(model as never, 'a.safetensors' as never),
    /loadWeights: the first argument must be a path, got .*; the order is loadWeights\(path, model\)/,
  ],
  [
    'saveWeights',
    () => saveWeights(model as never, 'a.safetensors' as never),
    /saveWeights: the first argument must be a path.*the order is saveWeights\(path, model\)/,
  ],
  [
    'federate',
    () => federate({ batch: () => batch } as never, model as never, [], { rounds: 1, cohort: 1 }),
    /federate: the first argument must be a model, got a data set.*the order is federate\(model, data/,
  ],
  [
    'testAccuracy',
    () => testAccuracy({ batch: () => batch } as never, model as never),
    /testAccuracy: the first argument must be a model.*the order is/,
  ],
];

for (const [what, call, message] of swapped)
  test(`swapped arguments are one line with the fix: ${what}`, async () => {
    await assert.rejects(async () => call(), message);
  });

const data = { name: 'made up', images: () => batch.images, labels: () => batch.labels, batch: () => batch };

const calls: readonly [string, () => unknown, RegExp][] = [
  ['labels that are names', () => observe(model, update, { labels: ['a', 'b'] as never }), /labels must be whole.*"a"/],
  ['labels between classes', () => observe(model, update, { labels: [0.5, 1] }), /labels must be whole numbers.*0.5/],
  ['one label', () => observe(model, update, { labels: 2 as never }), /labels must be 'infer' or a list.*got 2/],
  ['phi for the options', () => observe(model, update, parseObfuscation('sign') as never), /phi is an option; write/],
  ['a function for the options', () => observe(model, update, ((t: unknown) => t) as never), /phi is an option; write/],
  [
    'a data set for a batch',
    () => clientUpdate(model, data as never),
    /second argument must be a batch, got a data set/,
  ],
  [
    'an unknown order',
    () => clientUpdate(model, batch, { order: 'shuffle' as never }),
    /order must be one of.*shuffled/,
  ],
  [
    'no clients',
    () => federate(model, data as never, {} as never, {} as never),
    /third argument must be a list.*partition/,
  ],
  [
    'no options',
    () => federate(model, data as never, [[0]], undefined as never),
    /federate: needs options.*rounds: 50/,
  ],
  [
    'a model first',
    () => analytic(model as never, observe(model, update) as never),
    /must be an observation, got a mo/,
  ],
  ['a batch first', () => restore(batch as never, result), /must be a reconstruction, got a batch; restore/],
];

for (const [name, call, message] of calls)
  test(`refused in one line: ${name}`, async () => {
    await assert.rejects(async () => call(), message);
  });

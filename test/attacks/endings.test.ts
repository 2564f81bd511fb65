import assert from 'node:assert/strict';
import test from 'node:test';
import { SOLVERS } from '../../src/attacks/choose/candidates.js';
import { CLEARLY, endingsFor, isHeldBack } from '../../src/attacks/choose/endings.js';
import { doneUpTo, FAILED } from '../../src/attacks/choose/polished-enough.js';
import { closedFormDeclines } from '../../src/attacks/closed-form/suits.js';
import { rog } from '../../src/attacks/index.js';
import { mean } from '../../src/core/numbers.js';
import { permutation } from '../../src/core/random.js';
import type { Layer, NdArray, Observation } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { type ClientOptions, clientUpdate, observe } from '../../src/federation/index.js';
import { psnr } from '../../src/metrics/index.js';
import { network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';

const dense = (units: number): Layer => ({ kind: 'dense', units, bias: true });
const conv: Layer = { kind: 'conv', filters: 8, size: 5, stride: 2 };
const act = (kind: 'tanh' | 'relu'): Layer => ({ kind });

const NETS = {
  'dense, tanh': [dense(64), act('tanh')],
  'dense, relu': [dense(64), act('relu')],
  'four dense, relu': [dense(200), act('relu'), dense(100), act('relu'), dense(50), act('relu')],
  'convolution, tanh': [conv, act('tanh')],
  'convolution, relu': [conv, act('relu')],
  'wide convolution, relu': [{ kind: 'conv', filters: 32, size: 7, stride: 2 }, act('relu')],
  'small convolution, dense, relu': [
    { kind: 'conv', filters: 16, size: 3, stride: 2 },
    act('relu'),
    dense(64),
    act('relu'),
  ],
  'convolution, dense, relu': [conv, act('relu'), dense(96), act('relu')],
  'convolution, few dense, relu': [conv, act('relu'), dense(32), act('relu')],
  'convolution, dropout, dense, relu': [
    conv,
    act('relu'),
    { kind: 'dropout', rate: 0.3, mask: 'known' },
    dense(96),
    act('relu'),
  ],
} satisfies Record<string, readonly Layer[]>;

async function seen(
  net: keyof typeof NETS,
  phi: string,
  client: ClientOptions = {},
  size = 2,
  seed = 1,
): Promise<{ images: NdArray; observation: Observation }> {
  const data = await openDataset('photos', { size: 16 });
  const model = network({ name: net, imageShape: [16, 16, 3], classes: 10, seed, layers: [...NETS[net], dense(10)] });
  const { images } = data.batch({ split: 'test', size, seed: 5 });
  const labels = Int32Array.from(permutation(10, 5).slice(0, size));
  const update = await clientUpdate(model, { images, labels }, client);
  return { images, observation: observe(model, update, { labels, obfuscation: parseObfuscation(phi) }) };
}

const several: ClientOptions = { localSteps: 3, learningRate: 0.01 };
const lightened = [
  ['weight', 0.02],
  ['weight', 0.002],
];
for (const [net, phi, client, wanted] of [
  ['dense, tanh', 'none', {}, [['l2', 0]]],
  ['dense, tanh', 'none', several, [['relativeL2', 0]]],
  ['convolution, tanh', 'none', {}, [['cosine', 7e-3]]],
  ['convolution, relu', 'none', {}, lightened],
  ['convolution, relu', 'none', several, lightened],
  ['convolution, relu', 'quantize:3', {}, []],
  ['convolution, tanh', 'quantize:3', {}, lightened],
  ['convolution, tanh', 'topk:0.9', {}, lightened],
  ['dense, relu', 'sign', {}, lightened],
  ['dense, tanh', 'qsgd:3', {}, []],
  ['dense, tanh', 'noise:0', {}, []],
] as const)
  test(`endings: ${net}, ${phi}, ${'localSteps' in client ? 'several steps' : 'one step'}`, async () => {
    const { observation } = await seen(net, phi, client);
    const settings = { weight: 0.2, objective: 'cosine' };
    const endings = await endingsFor(observation, { settings }, async () => 0.7);
    const told = endings.map(({ asked: { objective, weight } }) => [
      wanted === lightened ? 'weight' : objective,
      Math.round(weight! * 1e9) / 1e9,
    ]);
    assert.deepEqual(told, wanted);
    // fine entries ask for a margin of their own after several steps, bounded ones keep that of their pictures
    const bounded = wanted === lightened && phi !== 'none';
    const margins = Array(2).fill('localSteps' in client ? CLEARLY : bounded ? undefined : 1);
    assert.deepEqual(
      endings.map(({ margin }) => margin),
      margins.slice(0, endings.length),
    );
  });

test('endings: kinks stop a search unless its prior weighs at least as much as what the update leaves', async () => {
  const { observation } = await seen('convolution, relu', 'none');
  const endings = await endingsFor(observation, { settings: { weight: 0.2, objective: 'l2' } }, async () => 0.7);
  assert.deepEqual(endings, []);
  const held = (objective: number, prior = 'colorTv'): boolean =>
    isHeldBack({ result: { objective, settings: { weight: 0.02, prior } }, measured: { roughness: 0.1 } });
  assert.deepEqual([held(0.0039), held(0.0041), held(0.0039, 'tv')], [true, false, false]);
});

const reached = (images: NdArray, result: { readonly images: NdArray }): number => mean(psnr(images, result.images));

for (const [net, phi, size, gain] of [
  ['dense, tanh', 'sign', 4, 2],
  ['dense, tanh', 'topk:0.95', 4, 0.5],
  ['dense, tanh', 'quantize:3', 1, 1],
  ['convolution, tanh', 'sign', 2, 1.5],
  ['wide convolution, relu', 'none', 3, 8],
] as const)
  test(`rog: ${net}, ${phi}, ${size}: a lighter prior where it holds pictures back, at least ${gain} dB`, async () => {
    const { images, observation } = await seen(net, phi, {}, size);
    const [chosen, forced] = [await rog(observation), await rog(observation, { method: 'matching' })];
    const [ours, theirs] = [reached(images, chosen), reached(images, forced)];
    assert.ok(ours > theirs + gain, `${ours} dB, ${theirs} dB: ${JSON.stringify(chosen.settings.race)}`);
  });

test('rog: the closed form declines where every local step has another known mask of dropout', async () => {
  const client = { localSteps: 5, learningRate: 0.03 };
  const { images, observation } = await seen('convolution, dropout, dense, relu', 'quantize:8', client, 4);
  const few = { iterations: 60 };
  const [chosen, forced] = [await rog(observation, few), await rog(observation, { ...few, method: 'matching' })];
  const race = chosen.settings.race as { candidate: string; dropped?: string }[];
  assert.match(race.find(({ candidate }) => candidate === 'closed-form')!.dropped!, /another mask of dropout/);
  assert.ok(reached(images, chosen) > reached(images, forced) - 1);
});

for (const [phi, learningRate, reason] of [
  ['none', 0.003, undefined],
  ['none', 0.1, /moved too far/],
  ['quantize:3', 0.1, /moved too far/],
] as const)
  test(`rog: ${phi}, five steps of ${learningRate}: the closed form ${reason ? 'declines' : 'is tried'}`, async () => {
    const { images, observation } = await seen('convolution, dense, relu', phi, { localSteps: 5, learningRate }, 4);
    const dropped = await closedFormDeclines(observation, observation.labels!);
    if (!reason) return assert.equal(dropped, undefined);
    assert.match(dropped!, reason);
    if (phi !== 'none') return;
    const few = { iterations: 60 };
    const [chosen, solved] = [await rog(observation, few), await rog(observation, { ...few, method: 'closed-form' })];
    assert.ok(reached(images, chosen) > reached(images, solved) + 2);
  });

test('rog: a single gradient is taken for few exact steps only where it leaves little', async () => {
  const enough = async (size: number, client: ClientOptions): Promise<number> =>
    SOLVERS.at(-1)!.enough((await seen('small convolution, dense, relu', 'none', client, size)).observation);
  assert.deepEqual([await enough(3, several), await enough(6, several), await enough(3, {})], [0.2, 0.75, 0.75]);
});

test('rog: nothing goes on from the pictures of a solver that explain nothing', async () => {
  const { images, observation } = await seen('four dense, relu', 'sign', {}, 1, 2);
  const [chosen, forced] = [await rog(observation), await rog(observation, { method: 'matching' })];
  const race = chosen.settings.race as { candidate: string; unexplained?: number }[];
  const at = race.findIndex(({ candidate }) => candidate === 'closed-form');
  assert.ok(race[at]!.unexplained! > 0.95 * race[0]!.unexplained!);
  assert.equal(race[at + 1]!.candidate, 'matching');
  assert.ok(reached(images, chosen) > reached(images, forced) - 1);
});

test('under loud noise matching with a firm prior goes on from the closed form', async () => {
  for (const net of ['four dense, relu', 'small convolution, dense, relu'] as const) {
    const { images, observation } = await seen(net, 'noise:-10', {}, 3);
    const error = async (method: 'auto' | 'closed-form') =>
      mean(psnr(images, (await rog(observation, { iterations: 60, method })).images));
    const [own, equations] = [await error('auto'), await error('closed-form')];
    assert.ok(own > equations + 1, `${net}: ${own} dB, equations alone ${equations}`);
  }
  const mended = async (net: keyof typeof NETS, phi: string): Promise<boolean> => {
    const { observation } = await seen(net, phi);
    return SOLVERS.at(-1)!.mended!(observation, observation.labels!);
  };
  assert.equal(await mended('dense, relu', 'noise:0'), false);
  assert.equal(await mended('dense, relu', 'noise:-10'), true);
  assert.equal(await mended('small convolution, dense, relu', 'noise:0'), true);
});

test('noise as strong as the update: few entries are solved and polished, below it matched afresh', async () => {
  const { images, observation } = await seen('convolution, few dense, relu', 'noise:0', {}, 4);
  assert.equal(await closedFormDeclines(observation, observation.labels!), undefined);
  assert.equal(doneUpTo(observation, observation.labels!), 1);
  const own = await rog(observation);
  const race = own.settings.race as { candidate: string }[];
  assert.deepEqual(
    race.slice(-2).map(({ candidate }) => candidate),
    ['closed-form', 'polish'],
  );
  for (const [method, gain] of [
    ['closed-form', 0.5],
    ['matching', 2],
  ] as const) {
    const forced = reached(images, await rog(observation, { method }));
    assert.ok(reached(images, own) > forced + gain, `${reached(images, own)} dB, ${method} ${forced}`);
  }
  const { observation: louder } = await seen('convolution, few dense, relu', 'noise:-5', {}, 4);
  assert.match((await closedFormDeclines(louder, louder.labels!))!, /more prior/);
  const { observation: dense } = await seen('four dense, relu', 'noise:0', {}, 3);
  assert.equal(doneUpTo(dense, dense.labels!), FAILED);
  for (const [phi, most] of [
    ['quantize:4', 0.3],
    ['topk:0.9', 0.3],
    ['sign', FAILED],
    ['qsgd:3', FAILED],
    ['quantize:4+noise:0', FAILED],
  ] as const) {
    const { observation: one } = await seen('convolution, few dense, relu', phi, {}, 3);
    assert.equal(doneUpTo(one, one.labels!), most, phi);
  }
});

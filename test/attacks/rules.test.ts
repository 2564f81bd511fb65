/** The rules that attacks decide by, as functions of numbers: no search is run. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Contender } from '../../src/attacks/choose/contenders.js';
import { faded } from '../../src/attacks/choose/faded.js';
import { frontOf, handicapOf, isNoBetter } from '../../src/attacks/choose/race.js';
import { coarseToFine, paper, polishing } from '../../src/attacks/choose/recipes.js';
import { decidedness } from '../../src/attacks/confidence/decided.js';
import { gradInversion } from '../../src/attacks/grad-inversion.js';
import { type ClassView, classView } from '../../src/attacks/labels/class-view.js';
import { pinkPictures } from '../../src/attacks/labels/pink-pictures.js';
import { ruleFor } from '../../src/attacks/labels/rules.js';
import { simulatedCounts } from '../../src/attacks/labels/simulated-counts.js';
import { classOf } from '../../src/attacks/latent/class-meaning.js';
import { detailed } from '../../src/attacks/latent/detail.js';
import { stagesOf as latentStages } from '../../src/attacks/latent/latent-stages.js';
import { candidates, problemOf } from '../../src/attacks/latent/problem.js';
import { noiseShare } from '../../src/attacks/latent/update-match.js';
import { edgeScale } from '../../src/attacks/search/edge-scale.js';
import { ndarray } from '../../src/core/arrays.js';
import { deriveSeed, normalStream, uniformStream } from '../../src/core/random.js';
import type { Model, NdArray, Observation } from '../../src/core/types.js';
import { start } from '../../src/engine/index.js';
import { type ClientOptions, clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { near } from '../near.js';

const images = ndarray([2, 4, 4, 3], uniformStream(6));
const labels = Int32Array.of(1, 0);
const contrastOf = ({ data }: NdArray): number => Math.round((1e3 * (data[0]! - 0.5)) / (images.data[0]! - 0.5)) / 1e3;

/** Measures by contrast alone. */
const by =
  (value: (contrast: number) => number) =>
  async (pictures: NdArray, own: Int32Array = labels) => {
    assert.equal(own, labels);
    return { value: value(contrastOf(pictures)), unexplained: 1, shares: [], roughness: 0, update: [] };
  };

test('faded: contrast that explains nothing is taken off, as far as it costs nothing', async () => {
  for (const [value, contrast] of [
    [() => 1, 1 / 8],
    [(c: number) => c, 1 / 8],
    [(c: number) => (c < 0.2 ? 2 : 1), 1 / 4],
    [(c: number) => (c < 0.3 ? 2 : 1), 1 / 2],
    [(c: number) => -c, undefined],
  ] as const) {
    const rule = by(value);
    const paler = await faded({ images, labels }, await rule(images), rule);
    assert.equal(paler?.contrast, contrast);
    if (!paler) continue;
    assert.equal(paler.measured.value, value(contrast!));
    paler.images.data.forEach((x, i) => {
      assert.ok(Math.abs(x - (0.5 + contrast! * (images.data[i]! - 0.5))) < 1e-6);
    });
    assert.deepEqual(paler.images.shape, images.shape);
  }
});

test('edgeScale: 1 up to 32x32, then with the side', () => {
  assert.deepEqual(
    [
      [16, 16, 3] as const,
      [32, 32, 3] as const,
      [64, 64, 1] as const,
      [128, 128, 3] as const,
      [32, 128, 3] as const,
    ].map(edgeScale),
    [1, 1, 2, 4, 2],
  );
});

const contender = (name: string, more: Partial<Contender> = {}): Contender =>
  ({ name, recipe: {}, ...more }) as unknown as Contender;
const [tuned, light, hardly, squares] = [
  contender('tuned', { tuned: true }),
  contender('light'),
  contender('hardly'),
  contender('squares', { always: true }),
];

test('a race: the two best run in full where close, after several steps the tuned one, and what always runs', () => {
  const front = (values: readonly number[], several = false): string[] =>
    frontOf(
      [tuned, light, hardly, squares].map((contender, k) => ({ contender, value: values[k]! })),
      several,
    ).map(({ name }) => name);
  assert.deepEqual(front([1, 2, 3, 9]), ['tuned', 'light', 'squares']);
  assert.deepEqual(front([1, 2.01, 3, 9]), ['tuned', 'squares']);
  assert.deepEqual(front([1.9, 1, 1.1, 9]), ['light', 'hardly', 'squares']);
  assert.deepEqual(front([1.9, 1, 1.1, 9], true), ['light', 'hardly', 'tuned', 'squares']);
  assert.deepEqual(front([2.1, 1, 1.1, 9], true), ['light', 'hardly', 'squares']);
  assert.deepEqual(front([3, 4, 9, 1]), ['squares']); // far behind, also the second
  assert.deepEqual(front([2, 4, 9, 1]), ['squares', 'tuned']);
});

test('handicaps: an advantage for the tuned way where it always runs, a margin against freer ones', () => {
  const of = (one: Contender, several: boolean): number => handicapOf(one, 1.25, several);
  near([of(tuned, false), of(light, false), of({ ...tuned, always: true }, true)], [1.25, 1.25, 0.92]);
  near([of(tuned, true), of(light, true)], [1.25, 1.25 / 0.9]);
});

test('a bias taken off must measure better, but for the first time of different labels, up to 15 % worse', () => {
  assert.deepEqual(
    [isNoBetter(1, 1, false), isNoBetter(1.01, 1, false), isNoBetter(1.14, 1, true), isNoBetter(1.16, 1, true)],
    [false, true, false, true],
  );
});

/** Ends in dense, relu, dense; features are not negative. */
const model = network({
  name: 'm',
  imageShape: [8, 8, 1],
  classes: 3,
  layers: [{ kind: 'relu' }, { kind: 'dense', units: 8 }, { kind: 'relu' }, { kind: 'dense', units: 3, bias: true }],
});
const given = Int32Array.of(0, 1, 2, 1, 1, 0);
const pictures = ndarray([6, 8, 8, 1], uniformStream(3));

async function seenBy(phi: string, client: ClientOptions = {}, net: Model = model) {
  const update = await clientUpdate(net, { images: pictures, labels: given }, client);
  return observe(net, update, { obfuscation: parseObfuscation(phi) });
}

test('ruleFor: what is read of labels, by what the view tells', async () => {
  await start();
  const rule = async (phi: string, more: Partial<ClassView> = {}, client: ClientOptions = {}, net = model) =>
    ruleFor({ ...classView(await seenBy(phi, client, net)), ...more });
  assert.equal(await rule('quantize:3'), 'simulated');
  assert.equal(await rule('quantize:3', { batchSize: 1 }), 'rowSum');
  assert.equal(await rule('quantize:3', { batchSize: 4 }), 'head');
  assert.equal(await rule('quantize:3', { denseHead: false }), 'proof');
  assert.equal(await rule('quantize:3', { denseHead: false, signsProve: false }), 'bias');
  assert.equal(await rule('quantize:3', { denseHead: false, signsProve: false, bias: undefined }), 'counts');
  assert.equal(await rule('sign', { denseHead: false, signsProve: false }), 'rowSum');
  assert.deepEqual([await rule('sign'), await rule('topk:0.9')], ['head', 'head']);
  assert.deepEqual([await rule('none'), await rule('none', { batchSize: 9 })], ['proof', 'proof']);
  const steps = { localSteps: 2, learningRate: 0.01 };
  assert.deepEqual(
    [await rule('none', { batchSize: 9 }, steps), await rule('none', {}, steps)],
    ['simulated', 'proof'],
  );
  assert.equal(await rule('quantize:3', {}, { optimizer: { kind: 'adam' } }), 'head');
  assert.equal(await rule('quantize:3', {}, { privacy: { clip: 1 } }), 'head');
  const view = classView(await seenBy('quantize:3'));
  assert.equal(await ruleFor(view, false), 'head');
});

test('ruleFor: a network that has made up its mind on noise, by more than a tenth, is not simulated', async () => {
  const noise = await pinkPictures(model.imageShape, 8, 1);
  const surer = (factor: number): Model => ({
    ...model,
    parameters: model.parameters.map((p) => (p.shape[1] === 3 ? { ...p, data: p.data.map((x) => factor * x) } : p)),
  });
  let [low, high] = [1, 64];
  for (let k = 0; k < 12; k++) {
    const middle = Math.sqrt(low * high);
    if ((await decidedness(surer(middle), noise)) < 0.1) low = middle;
    else high = middle;
  }
  const rule = async (net: Model) => ruleFor(classView(await seenBy('quantize:3', {}, net)));
  assert.deepEqual([await rule(surer(0.98 * low)), await rule(surer(1.02 * high))], ['simulated', 'head']);
});

test('simulatedCounts: whole numbers of the batch within their bounds, the same each time', async () => {
  const seen = await seenBy('quantize:4');
  const parts: number[] = [];
  const count = (most: readonly number[]) => simulatedCounts(seen, [0, 1, 0], most, (done) => parts.push(done));
  const free = await count([6, 6, 6]);
  assert.deepEqual([...free.labels].sort(), [...given].sort());
  assert.ok(free.confidence.every((c) => c > 0.5 && c <= 1));
  assert.deepEqual(await count([6, 6, 6]), free);
  const bound = await count([1, 6, 1]);
  assert.deepEqual(bound.labels, [0, 1, 1, 1, 1, 2]);
  assert.deepEqual([parts[0], parts.at(-1)! - parts.at(-2)!], [0, 1]);
});

test('recipes: weights, step sizes and starts of gradient matching', async () => {
  const two = await seenBy('none');
  const own = coarseToFine(two, {});
  assert.deepEqual([own.objective, own.weight, own.signed, own.box], ['cosine', 0.03, true, [0, 1]]);
  const one = { ...two, client: { ...two.client, batchSize: 1 } };
  assert.equal(coarseToFine(one, {}).weight, 0.01);
  assert.deepEqual(own.stages, [
    { size: [4, 4], closures: 80, rate: [0.1, 0.01] },
    { size: [8, 8], closures: 120, rate: [0.06, 0.001] },
  ]);
  assert.deepEqual(coarseToFine(two, { objective: 'l2', iterations: 15 }).stages, [
    { size: [2, 2], closures: 5, rate: [0.1, 0.01] },
    { size: [4, 4], closures: 4, rate: [0.05, 0.005] },
    { size: [8, 8], closures: 6, rate: [0.03, 0.003] },
  ]);
  const begun = own.start(1).data;
  assert.ok(Math.min(...begun) >= 0.45 && Math.max(...begun) <= 0.55 && Math.max(...begun) - Math.min(...begun) > 0.05);
  assert.deepEqual(paper(two, {}).stages, [{ size: [2, 2], closures: 100, rate: [0.05, 0.005] }]);
  const polish = polishing(two, {}, { pictures, closures: 7 });
  assert.deepEqual(polish.stages, [{ size: [8, 8], closures: 7, rate: [0.01, 1e-3] }]);
  assert.equal(polish.start(1), pictures);
});

test('gradInversion searches in the box of pictures, four members that hold together', async () => {
  const update = await clientUpdate(model, { images: pictures, labels: given });
  const seen = observe(model, update, { labels: given });
  const { settings, images } = await gradInversion(seen, { iterations: 2 });
  assert.deepEqual([settings.box, settings.group], [[0, 1], { seeds: 4, weight: 100 }]);
  assert.deepEqual(images.shape, [6, 8, 8, 1]);
});

test('candidates of a latent search: the raw point, half of it, the mean, and draws of their own', () => {
  const raw: NdArray = { shape: [1, 1, 1, 3], data: Float32Array.of(2, -4, 6) };
  const list = candidates(raw, 2, 2, 5);
  const drawn = (seed: number): number[] => {
    const normal = normalStream(seed);
    return [0.5 * normal(), 0.5 * normal(), 0];
  };
  const wanted = {
    raw: [2, -4, 6],
    'raw, halved': [1, -2, 3],
    mean: [0, 0, 0],
    'draw 1': drawn(5),
    'draw 2': drawn(6),
  };
  assert.deepEqual(
    list.map(([name]) => name),
    Object.keys(wanted),
  );
  for (const [k, values] of Object.values(wanted).entries()) near(list[k]![1].data, values, 1e-6);
});

test('stages of a latent search: a quarter for the largest structures, then all, then the offsets', () => {
  assert.deepEqual(
    latentStages(100, true).map(({ latent, relaxed, closures }) => [latent, relaxed, closures]),
    [
      [32, false, 25],
      [Infinity, false, 45],
      [Infinity, true, 30],
    ],
  );
  assert.deepEqual(
    latentStages(10, false).map(({ closures }) => closures),
    [3, 7],
  );
});

test('noiseShare: of an update however small', () => {
  const tensors = [{ data: Float32Array.of(0.5) }];
  near(noiseShare({ tensors, obfuscation: { evidence: [{ noise: 0.1 }] } } as unknown as Observation), 0.04);
});

test('classOf: the class of the generator by name, else by number; another is refused', () => {
  const generator = { classNames: ['cat', 'dog'] };
  const byNumber = classOf(generator, { classes: 'labels' });
  assert.deepEqual([byNumber(0), byNumber(1)], [0, 1]);
  assert.throws(() => byNumber(2), /the generator knows the classes cat, dog/);
  const byName = classOf(generator, { classNames: ['Dog', 'bird'], classes: 'labels' });
  assert.equal(byName(0), 1);
  assert.throws(() => byName(1), /the generator knows the classes cat, dog/);
  assert.equal(classOf(generator, { classes: 'unknown' })(7), undefined);
});

test('detailed: z gets the variance that its band lacks, offsets stay', () => {
  const normal = normalStream(deriveSeed(5, 'detail', 0));
  const { data } = detailed({ shape: [1, 1, 1, 3], data: Float32Array.of(0.6, 0.2, 4) }, 2, 5);
  const lack = Math.sqrt(1 - 0.2);
  near(data, [0.6 + lack * normal(), 0.2 + lack * normal(), 4], 1e-6);
});

test('problemOf: the comparison, the prior, the tie and the offsets, and what a stage holds', async () => {
  const shape = [1, 1, 1, 3];
  const [point, anchor] = [Float32Array.of(2, 3, 4), Float32Array.of(1, 1, 0)].map((data) => ({ shape, data }));
  const match = { evaluate: async () => ({ objective: 5, gradient: point }) };
  const decoder = { size: 3, latent: 2, images: async () => point, pull: async () => ({ data: [1, 1, 1] }) };
  const stages = [
    { latent: 1, relaxed: false },
    { latent: Infinity, relaxed: true },
  ];
  const weights = { prior: 0.1, tie: 0.2, relax: 0.3 };
  const none = { shape: [1, 1], data: Float32Array.of(1) };
  const { evaluate } = problemOf(match as never, decoder as never, none, none, anchor!, weights, stages);
  const whole = await evaluate(point!);
  near(whole.objective, 5 + (0.1 * (4 + 9) + 0.2 * (1 + 4)) / 2 + 0.3 * 16);
  near(whole.gradient.data, [1.4, 1.7, 3.4], 1e-6);
  near((await evaluate(point!, undefined, 0)).gradient.data, [1.4, 0, 0], 1e-6);
});

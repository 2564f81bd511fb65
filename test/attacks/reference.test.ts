import assert from 'node:assert/strict';
import test from 'node:test';
import { attackClosure } from '../../src/attacks/search/closure.js';
import { minimise } from '../../src/attacks/search/minimise.js';
import { OBJECTIVES } from '../../src/attacks/search/objectives.js';
import { PRIORS } from '../../src/attacks/search/priors.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { compile, start, type Tensor, type Tensor4D, tf } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { forEachEngine } from '../engines.js';
import { golden } from '../fixtures.js';
import { goldenImages, toChannelsFirst } from '../golden.js';

const reference = golden('inverting-gradients');
const near = (what: string, got: number, wanted: number, tolerance: number): void =>
  assert.ok(Math.abs(got - wanted) <= tolerance, `${what}: got ${got}, PyTorch ${wanted}`);

forEachEngine((engine, setup) => {
  test(`${engine}: cosine objective and total variation are those of Inverting Gradients, by PyTorch`, async () => {
    await setup();
    const centred = (seed: number) => {
      const uniform = uniformStream(seed);
      return () => Math.fround(uniform()) - 0.5;
    };
    const lists = (seed: number) => [ndarray([5, 12], centred(seed)), ndarray([7], centred(seed + 1))];
    const pictures = goldenImages(100, [2, 3, 8, 8]);
    const step = await compile(
      (a: Tensor, b: Tensor, c: Tensor, d: Tensor, x: Tensor) => [
        OBJECTIVES.cosine([a, b], [c, d], { ...none, squares: OBJECTIVES.l2([c, d], [zero(c), zero(d)], none) }),
        PRIORS.tv(x as Tensor4D),
      ],
      [...lists(80), ...lists(90), pictures],
    );
    const [angle, variation] = await step.run(...lists(80), ...lists(90), pictures);
    near('cosine', angle!.data[0]!, reference.cosineOfLists, 1e-6);
    near('total variation', variation!.data[0]!, reference.totalVariation, 1e-6);
    step.dispose();
  });
});

const zero = (x: Tensor): Tensor => tf.zerosLike(x);
const none = { tolerance: [], zeroTolerance: [] } as never as Parameters<typeof OBJECTIVES.cosine>[2];

test("the cosine through a network's gradient, and its slope in the pictures, are PyTorch's", async () => {
  await start();
  const model = network({
    name: 'reference',
    imageShape: [8, 8, 3],
    seed: 40,
    layers: [
      { kind: 'conv', filters: 6, size: 3 },
      { kind: 'averagePool', size: 2 },
      { kind: 'sigmoid' },
      { kind: 'dense', units: 10 },
    ],
  });
  const labels = Int32Array.of(3, 8);
  const update = await clientUpdate(model, { images: goldenImages(50, [2, 3, 8, 8]), labels });
  const options = { objective: 'cosine', prior: 'tv', weight: 0, simulate: 'steps', labels } as const;
  const closure = await attackClosure(observe(model, update, { labels }), options);
  const { objective, gradient } = await closure.evaluate(goldenImages(60, [2, 3, 8, 8]));
  closure.dispose();
  near('objective', objective, reference.cosine, 5e-7);
  const { data } = toChannelsFirst(gradient);
  const length = Math.sqrt(data.reduce((sum, g) => sum + g * g, 0));
  near('length of the slope', length, reference.slope.l2, 1e-3 * reference.slope.l2);
  reference.slope.first.forEach((wanted: number, i: number) => {
    near(`slope[${i}]`, data[i]!, wanted, 1e-3 * reference.slope.l2);
  });
});

test('signed Adam in a box with steps down at 3/8, 5/8 and 7/8 ends where PyTorch ends', async () => {
  const { steps, x } = reference.adam;
  const target = ndarray([1, 1, 6, 1], uniformStream(70)).data;
  const search = {
    size: [1, 6],
    start: ndarray([1, 1, 6, 1]),
    stages: [{ size: [1, 6], closures: steps, rate: [0.025, 0], decay: 'steps' }],
    signed: true,
    box: [0, 1],
    evaluate: async ({ shape, data }: { shape: readonly number[]; data: Float32Array }) => ({
      objective: data.reduce((sum, value, i) => sum + (value - target[i]!) ** 2, 0),
      gradient: { shape, data: data.map((value, i) => 2 * (value - target[i]!)) },
    }),
  } as const;
  let latent = search.start.data;
  for await (const state of minimise(search)) latent = state.latent.data;
  x.forEach((wanted: number, i: number) => {
    near(`x[${i}]`, latent[i]!, wanted, 1e-5);
  });
});

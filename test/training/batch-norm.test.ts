import assert from 'node:assert/strict';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { normalStream, uniformStream } from '../../src/core/random.js';
import type { NdArray } from '../../src/core/types.js';
import { compile, type Tensor } from '../../src/engine/index.js';
import { forward, network, tagger, trunk } from '../../src/models/index.js';
import { folded, normalisedForward, normalisedParameters } from '../../src/training/index.js';
import { forEachEngine } from '../engines.js';

const conv = (filters: number, bias = true) => ({ kind: 'conv', filters, size: 3, bias }) as const;
const models = [
  trunk(),
  tagger(),
  network({
    name: 'branches',
    layers: [
      conv(8, false),
      { kind: 'residual', body: [conv(8), { kind: 'relu' }, conv(8)], shortcut: [conv(8)] },
      { kind: 'maxPool', size: 4 },
      { kind: 'dense', units: 10, bias: true },
    ],
  }),
];

forEachEngine(
  (engine, setup) => {
    for (const model of models)
      test(`folded(${model.name}) gives the normalised network's logits at batch moments (${engine})`, async () => {
        await setup();
        const images = ndarray([6, 32, 32, 3], uniformStream(4));
        const random = normalStream(5);
        // gains and shifts as after a training, so that every term of the folding counts
        const parameters = normalisedParameters(model).map((p) =>
          /gain$|shift$/.test(p.name) ? { ...p, data: p.data.map((value) => value + 0.3 * random()) } : p,
        );
        const training = await compile(
          (x: Tensor, ...w: Tensor[]) => {
            const { logits, moments } = normalisedForward(model)(w, x);
            return [logits, ...moments.flatMap(({ mean, variance }) => [mean, variance])];
          },
          [images, ...parameters],
        );
        const [logits, ...flat] = await training.run(images, ...parameters);
        const moments = flat.flatMap((mean, k): { mean: NdArray; variance: NdArray }[] =>
          k % 2 ? [] : [{ mean, variance: flat[k + 1]! }],
        );
        const plain = folded(model, parameters, moments);
        assert.deepEqual(
          plain.parameters.map(({ name, shape }) => ({ name, shape })),
          model.parameters.map(({ name, shape }) => ({ name, shape })),
        );
        const step = await compile((x: Tensor, ...w: Tensor[]) => forward(plain)(w, x), [images, ...plain.parameters]);
        const [same] = await step.run(images, ...plain.parameters);
        const size = Math.max(...logits!.data.map(Math.abs));
        same!.data.forEach((value, i) => {
          assert.ok(Math.abs(value - logits!.data[i]!) < 1e-5 * size, `${value}, not ${logits!.data[i]}`);
        });
        training.dispose();
        step.dispose();
      });
  },
  ['compiled', 'wasm'],
);

test('folded: other moments than convolutions, a missing parameter', () => {
  const [model] = models as [(typeof models)[0]];
  assert.throws(
    () => folded(model, normalisedParameters(model), []),
    /trunk has 5 normalised convolutions, got "0 moments"/,
  );
  const moment = { mean: ndarray([32]), variance: ndarray([32], 1) };
  assert.throws(
    () => folded(model, normalisedParameters(model).slice(1), Array(5).fill(moment)),
    /the trained parameters lack conv0\/kernel/,
  );
});

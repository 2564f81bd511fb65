import assert from 'node:assert/strict';
import test from 'node:test';
import { attackClosure } from '../../src/attacks/search/closure.js';
import { resample, resampleAdjoint } from '../../src/core/resample.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { type EngineName, forEachEngine } from '../engines.js';
import { goldens } from '../fixtures.js';
import { assertNear, type GoldenCase, goldenImages, goldenModel, toChannelsFirst, torchOrdered } from '../golden.js';

const cases: readonly (GoldenCase & { from: string })[] = goldens('updates').flatMap(({ from, numbers }) =>
  numbers.cases.map((one: GoldenCase) => ({ ...one, from })),
);

/**
 * 1e-4 relative, or three times what PyTorch itself loses in float32 on that case. Eager WASM sums a convolution's 1152
 * to 4608 products one by one; on VGG-7 that moves a max-pool winner between two nearly equal pixels, and the update of
 * the layers below by some 1e-3.
 */
const floor = (engine: EngineName, model: string): number => (engine === 'wasm' && model === 'vgg7' ? 1e-2 : 1e-4);

/** Pure JavaScript needs minutes for the two large networks. */
const skipped = (engine: EngineName, model: string): string | false =>
  engine === 'cpu' && model !== 'lenet' && !process.env.ROGLAB_SLOW
    ? 'minutes in pure JavaScript: ROGLAB_SLOW=1 runs it'
    : false;

forEachEngine((engine, setup) => {
  for (const golden of cases) {
    const { model: name, size, batch, localSteps, learningRate, float32Error, from } = golden;
    const tolerance = (own: number): number => Math.max(floor(engine, name), 3 * own);
    const what = `${name} ${size}x${size}, batch ${batch}, ${localSteps} steps`;
    const title = `${engine}: ${what}: PyTorch's update, objective and latent gradient, ${from}`;
    test(title, { skip: skipped(engine, name) }, async () => {
      await setup();
      const model = goldenModel(golden);
      const images = goldenImages(golden.seeds.images, [batch, 3, size, size]);
      const labels = Int32Array.from(golden.labels);
      const update = await clientUpdate(model, { images, labels }, { localSteps, learningRate });
      const off = Math.abs(update.loss - golden.loss) / golden.loss;
      assert.ok(off <= tolerance(float32Error.loss), `loss off by ${off}`);
      torchOrdered(model, update.tensors).forEach((data, k) => {
        assertNear(`update ${model.parameters[k]!.name}`, data, golden.update[k]!, tolerance(float32Error.update[k]!));
      });
      const options = { objective: 'l2', prior: 'tv', weight: 0, simulate: 'steps', labels } as const;
      const closure = await attackClosure(observe(model, update, { labels }), options);
      try {
        const shape = golden.objectiveGradLatent.shape as [number, number, number, number];
        const { objective, gradient } = await closure.evaluate(
          resample(goldenImages(golden.seeds.latent, shape), [size, size]),
        );
        const wrong = Math.abs(objective - golden.objective) / golden.objective;
        assert.ok(wrong <= tolerance(float32Error.objective), `objective ${objective}, wanted ${golden.objective}`);
        const pulled = toChannelsFirst(resampleAdjoint(gradient, [shape[2], shape[3]]));
        assertNear(
          'latent gradient',
          pulled.data,
          golden.objectiveGradLatent,
          tolerance(float32Error.objectiveGradLatent),
        );
      } finally {
        closure.dispose();
      }
    });
  }
});

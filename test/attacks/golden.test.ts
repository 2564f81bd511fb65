import assert from 'node:assert/strict';
import test from 'node:test';
import { attackClosure } from '../../src/attacks/closure.js';
import { resample, resampleAdjoint } from '../../src/core/resample.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { fixture } from '../fixtures.js';
import { assertNear, type GoldenCase, goldenImages, goldenModel, toChannelsFirst, torchOrdered } from '../golden.js';

const skip = fixture.missing('updates.json');
const cases: GoldenCase[] = skip ? [] : fixture.read('updates.json').cases;

/** 1e-4 relative, or three times what PyTorch itself loses in float32 on that case. */
const tolerance = (own: number): number => Math.max(1e-4, 3 * own);

for (const golden of cases) {
  const { model: name, size, batch, localSteps, learningRate, float32Error } = golden;
  test(`${name} ${size}x${size}, batch ${batch}, ${localSteps} steps: PyTorch's update, objective and latent gradient`, async () => {
    const model = goldenModel(golden);
    const images = goldenImages(golden.seeds.images, [batch, 3, size, size]);
    const labels = Int32Array.from(golden.labels);
    const update = await clientUpdate(model, { images, labels }, { localSteps, learningRate });
    const off = Math.abs(update.loss - golden.loss) / golden.loss;
    assert.ok(off <= tolerance(float32Error.loss), `loss off by ${off}`);
    torchOrdered(model, update.tensors).forEach((data, k) => {
      assertNear(`update ${model.parameters[k]!.name}`, data, golden.update[k]!, tolerance(float32Error.update[k]!));
    });
    const closure = await attackClosure(observe(model, update, { labels }), {
      objective: 'l2',
      simulate: 'steps',
      prior: 'tv',
      weight: 0,
      labels,
    });
    try {
      const latent = goldenImages(
        golden.seeds.latent,
        golden.objectiveGradLatent.shape as [number, number, number, number],
      );
      const { objective, gradient } = await closure.evaluate(resample(latent, [size, size]));
      const wrong = Math.abs(objective - golden.objective) / golden.objective;
      assert.ok(wrong <= tolerance(float32Error.objective), `objective ${objective}, wanted ${golden.objective}`);
      const [, , h, w] = golden.objectiveGradLatent.shape as [number, number, number, number];
      const pulled = toChannelsFirst(resampleAdjoint(gradient, [h, w]));
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

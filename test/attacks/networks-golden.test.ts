/**
 * Every kind of layer and every ready-made network against PyTorch in float64: update, objective and latent gradient.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { attackClosure } from '../../src/attacks/search/closure.js';
import { uniformStream } from '../../src/core/random.js';
import { resample, resampleAdjoint } from '../../src/core/resample.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { type EngineName, forEachEngine } from '../engines.js';
import { goldenImages, toChannelsFirst, torchOrdered } from '../golden.js';
import { cases, type NetworkCase, networkOf, type Summary } from '../golden-networks.js';

/**
 * All four numbers of a summary, to a share of the array's norm (entries: of the largest norm there is, for near-zero
 * arrays).
 */
function assertSummary(what: string, data: Float32Array, [l2, dot, first, last]: Summary, slack: number): void {
  const weights = uniformStream(5);
  const product = data.reduce((sum, x) => sum + x * (weights() - 0.5), 0);
  const got = { l2: Math.hypot(...data), dot: product, first: data[0]!, last: data.at(-1)! };
  for (const [name, wanted] of Object.entries({ l2, dot, first, last }))
    assert.ok(
      Math.abs(got[name as keyof typeof got] - wanted) <= slack,
      `${what}: ${name} is ${got[name as keyof typeof got]}, wanted ${wanted}, slack ${slack}`,
    );
}

/** 1e-4, or three times what PyTorch itself loses in float32. */
const tolerance = (own: number): number => Math.max(1e-4, 3 * own);

/** Deep networks take minutes in pure JavaScript. */
const skipped = (engine: EngineName, { name, layers }: NetworkCase): string | false =>
  engine === 'cpu' && !layers && !['lenet5', 'vit'].includes(name) && !process.env.ROGLAB_SLOW
    ? 'slow in pure JavaScript: ROGLAB_SLOW=1 runs it'
    : false;

forEachEngine((engine, setup) => {
  for (const one of cases) {
    const { name, batch, imageShape, localSteps, learningRate, float32Error } = one;
    const options = one.options ? JSON.stringify(one.options) : '';
    const what = `${name} ${options} ${imageShape.join('x')}, batch ${batch}, ${localSteps} steps`;
    const title = `${engine}, ${one.from}: ${what}: PyTorch's update, objective and latent gradient`;
    test(title, { skip: skipped(engine, one) }, async () => {
      await setup();
      const [height, width, channels] = imageShape;
      const model = networkOf(one);
      const images = goldenImages(one.seed + 900, [batch, channels, height, width]);
      const labels = Int32Array.from(one.labels);
      const update = await clientUpdate(model, { images, labels }, { localSteps, learningRate });
      const off = Math.abs(update.loss - one.loss) / one.loss;
      assert.ok(off <= tolerance(float32Error.loss), `loss off by ${off}`);
      assert.equal(update.tensors.length, one.update.length);
      const slack = tolerance(float32Error.update);
      torchOrdered(model, update.tensors).forEach((data, k) => {
        const wanted = one.update[k]!;
        // a gradient that is zero but for rounding (a bias before batch norm) is measured by the whole update
        const isZero = wanted[0] < 1e-9 * one.updateNorm;
        const scale = isZero ? 1e-2 * one.updateNorm : Math.max(wanted[0], 1e-4 * one.updateNorm);
        assertSummary(`update ${model.parameters[k]!.name}`, data, wanted, slack * scale);
      });
      update.statistics?.forEach((kept, k) => {
        if (localSteps > 1) return;
        const wanted = one.statistics[k]!;
        assertSummary(`statistics ${kept.name}`, kept.data, wanted, 1e-4 * wanted[0]);
      });
      const options = { objective: 'l2', prior: 'tv', weight: 0, simulate: 'steps', labels } as const;
      const closure = await attackClosure(observe(model, update, { labels }), options);
      try {
        const small = [height, width].map((n) => Math.floor(n / 4)) as [number, number];
        const latent = goldenImages(one.seed + 901, [batch, channels, ...small]);
        const { objective, gradient } = await closure.evaluate(resample(latent, [height, width]));
        const wrong = Math.abs(objective - one.objective) / one.objective;
        assert.ok(wrong <= tolerance(float32Error.objective), `objective ${objective}, wanted ${one.objective}`);
        const pulled = toChannelsFirst(resampleAdjoint(gradient, small));
        const far = tolerance(float32Error.latent) * one.latentGradient[0];
        assertSummary('latent gradient', pulled.data, one.latentGradient, far);
      } finally {
        closure.dispose();
      }
    });
  }
});

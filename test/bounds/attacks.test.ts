import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invertingGradients, rog } from '../../src/attacks/index.js';
import { bayesianBound } from '../../src/bounds/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { normalStream } from '../../src/core/random.js';
import type { Layer, NdArray, Obfuscation, Observation } from '../../src/core/types.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { laplaceNoise, parseObfuscation } from '../../src/obfuscation/index.js';

/** Pictures of the stated prior: gray with independent normal pixels, five deviations within the range of a pixel. */
const DEVIATION = 0.1;
const IMAGES = 6;
const imageShape = [8, 8, 1] as const;

function drawn(seed: number): NdArray {
  const next = normalStream(seed);
  return ndarray([1, ...imageShape], () => Math.min(1, Math.max(0, 0.5 + DEVIATION * next())));
}

const dense = (units: number): Layer => ({ kind: 'dense', units, bias: true });
const NETWORKS: Readonly<Record<string, readonly Layer[]>> = {
  'one dense layer': [dense(6)],
  'softplus convolutions': [{ kind: 'conv', filters: 4, size: 3 }, { kind: 'softplus' }, dense(6)],
  'tanh and two dense layers': [dense(12), { kind: 'tanh' }, dense(6)],
  'relu convolutions': [{ kind: 'conv', filters: 4, size: 3 }, { kind: 'relu' }, dense(6)],
};
const PHIS: readonly Obfuscation[] = [
  ...['sigma:0.02', 'sigma:0.3', 'sigma:0.1+quantize:4', 'sigma:0.05+topk:0.5'].map(parseObfuscation),
  laplaceNoise({ sigma: 0.1 }),
];
const options = { iterations: 40, seed: 1 };
const ATTACKS: Readonly<Record<string, (seen: Observation) => Promise<{ readonly images: NdArray }>>> = {
  rog: (seen) => rog(seen, options),
  invertingGradients: (seen) => invertingGradients(seen, options),
  'nothing but gray': async () => ({ images: ndarray([1, ...imageShape], 0.5) }),
};

for (const [name, layers] of Object.entries(NETWORKS))
  test(`on pictures drawn from the prior no attack beats the bound: ${name}`, async () => {
    const model = network({ name, layers, imageShape, classes: 6, seed: 5 });
    const labels = Int32Array.of(2);
    for (const [p, obfuscation] of PHIS.entries()) {
      const pictures = Array.from({ length: IMAGES }, (_, k) => drawn(100 * p + k));
      const seen = await Promise.all(
        pictures.map(async (images, seed) =>
          observe(model, await clientUpdate(model, { images, labels }), { obfuscation, labels, seed }),
        ),
      );
      const bound = await bayesianBound(seen[0]!, { priorDeviation: DEVIATION, samples: 24 });
      assert.equal(bound.kind, name.startsWith('relu') ? 'indication' : 'promise', bound.because.join());
      for (const [attack, run] of Object.entries(ATTACKS)) {
        const errors: number[] = [];
        for (const [k, observation] of seen.entries()) {
          const { data } = (await run(observation)).images;
          errors.push(data.reduce((sum, x, i) => sum + (x - pictures[k]!.data[i]!) ** 2, 0) / data.length);
        }
        const mean = errors.reduce((a, b) => a + b, 0) / IMAGES;
        const deviation = Math.sqrt(errors.reduce((sum, e) => sum + (e - mean) ** 2, 0) / (IMAGES - 1) / IMAGES);
        console.log(name, obfuscation.name, attack, mean, deviation, bound.interval, bound.mse);
        assert.ok(
          mean + 3 * deviation >= bound.interval[0],
          `${attack}, ${obfuscation.name}: ${mean} is below ${bound.interval[0]}`,
        );
      }
    }
  });

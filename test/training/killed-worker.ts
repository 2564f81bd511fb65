/** A small training of a convolutional network that says its steps and, at the end, the hash of its weights. */
import { createHash } from 'node:crypto';
import { ndarray, oneHot } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { crossEntropy, start } from '../../src/engine/index.js';
import { network } from '../../src/models/index.js';
import { adam, augment, fit, normalisedForward, normalisedParameters, oneCycle } from '../../src/training/index.js';

await start({ threads: 1 });
const images = ndarray([96, 8, 8, 3], uniformStream(1));
const model = network({
  name: 'small',
  imageShape: [8, 8, 3],
  classes: 4,
  layers: [
    { kind: 'conv', filters: 8, size: 3 },
    { kind: 'relu' },
    { kind: 'maxPool', size: 2 },
    { kind: 'dense', units: 4 },
  ],
});
const size = 8 * 8 * 3;
const logits = normalisedForward(model);
const { parameters, history } = await fit({
  name: 'small',
  parameters: normalisedParameters(model),
  loss: (weights, [x, y]) => ({ loss: crossEntropy(logits(weights, x!).logits, y!) }),
  data: {
    size: 96,
    batch: (indices, seed) => {
      const pixels = Float32Array.from(indices.flatMap((i) => [...images.data.subarray(i * size, (i + 1) * size)]));
      const labels = Int32Array.from(indices, (i) => i % 4);
      return [augment(ndarray([16, 8, 8, 3], pixels), seed, { shift: 1 }), oneHot('small', labels, 4)];
    },
  },
  epochs: 10,
  batchSize: 16,
  optimizer: adam(),
  schedule: oneCycle(0.02),
  checkpoint: process.argv[2]!,
  checkpointSeconds: 0,
  onProgress: ({ step }) => process.stdout.write(`step ${step}\n`),
});
const hash = createHash('sha256');
for (const { data } of parameters) hash.update(new Uint8Array(data.buffer));
hash.update(JSON.stringify(history.map(({ losses }) => losses)));
process.stdout.write(`weights ${hash.digest('hex')}\n`);

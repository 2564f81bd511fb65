/**
 * Rows of trained networks for data/results/confidence.json: `node .github/trained-rows.mjs CIFAR-10-FOLDER FILE
 * [SEED]`. Small networks of the quality matrix are trained for 300 and 3,000 steps of 16 images, then attacked by the
 * default; FILE gets their signs and scores. A seed gives the same rows; the trainings see the first 20,000 images, the
 * victims are others.
 */
import { writeFileSync } from 'node:fs';
import * as rog from '../dist/src/index.js';
import { signsOf } from '../dist/src/attacks/confidence/signs.js';
import { yardstick } from '../dist/src/attacks/choose/yardstick.js';
import { attacked } from '../dist/src/studies/matrix.js';
import { ZOO } from '../dist/src/studies/zoo.js';

const [folder, file, seed = '5'] = process.argv.slice(2);
await rog.start();
const data = await rog.openDataset(`cifar10:${folder}`);
const mine = Array.from({ length: 20_000 }, (_, i) => i);
const rows = [];
for (const name of (process.env.NETWORKS ?? 'lenet5,flower,mlp,two-layer,group-norm').split(','))
  for (const rounds of [3, 30]) {
    const start = ZOO[name]({ imageShape: data.imageShape, classes: 10, seed: Number(seed) });
    const client = { rounds, cohort: 1, localSteps: 100, batchSize: 16, learningRate: 0.05, schedule: 'cosine' };
    const { model } = await rog.federate(start, data, [mine], { ...client, finalImages: 500, seed: Number(seed) });
    for (const phi of ['none', 'quantize:3', 'topk:0.95', 'sign', 'noise:-10'])
      for (const size of [1, 4, 10]) {
        const indices = Array.from({ length: size }, (_, i) => 20_000 + 97 * Number(seed) + 1009 * size + 31 * i);
        const batch = data.batch({ split: 'train', indices });
        const update = await rog.clientUpdate(model, batch);
        const seen = rog.observe(model, update, { obfuscation: rog.phi.parseObfuscation(phi), labels: batch.labels });
        const rule = yardstick(seen, batch.labels);
        const entry = { attack: 'rog', options: { seed: Number(seed) } };
        const reached = await attacked(seen, batch, entry, (result) => signsOf(seen, result, rule));
        const cell = { phi, batch: size, labels: 'distinct', localSteps: 1, seed: Number(seed), data: 'cifar10' };
        rows.push({ network: `${name}, ${100 * rounds} steps`, ...cell, split: 'train', reached: { default: reached } });
        console.log(name, rounds, phi, size, reached.psnr, reached.ssim[0], reached.signs.decided);
        writeFileSync(file, JSON.stringify({ rows }));
      }
  }

// Makes the README's picture: node .github/front-picture.mjs (about five minutes on two cores; writes data/front.png).
// Eight photographs in one batch, 128x128, one FedSGD update of an untrained LeNet, labels known; rog() as it is, then restore().
import { writeFileSync } from 'node:fs';
import sharp from 'sharp';
import * as rog from '../dist/src/index.js';

const SHOWN = ['admiral', 'astronaut', 'photographer', 'coffee'];
const PHIS = { '3 bits': 'quantize:3', 'top-k 0.95': 'topk:0.95', 'signs alone': 'sign' };

await rog.start();
const data = await rog.openDataset('photos', { size: 128 });
const batch = data.batch({ size: 8, seed: 1 });
const model = rog.lenet({ imageShape: data.imageShape, classes: data.classNames.length, seed: 1 });
const update = await rog.clientUpdate(model, batch);
const labels = Array.from(batch.labels, (label) => data.classNames[label]);
const places = SHOWN.map((name) => labels.indexOf(name));
const shown = (images) => rog.stackImages(places.map((place) => rog.imageAt(images, place)));

const rows = [shown(batch.images)];
for (const phi of Object.values(PHIS)) {
  const seen = rog.observe(model, update, { obfuscation: rog.phi.parseObfuscation(phi), labels: batch.labels });
  const restored = await rog.attacks.restore(await rog.rog(seen, { seed: 1 }));
  const scores = await rog.score(batch, restored);
  console.log(phi, rog.charts.plusMinus(rog.summary(scores).psnr, 1), 'dB', rog.charts.plusMinus(rog.summary(scores).lpips, 3));
  rows.push(shown(rog.matched(restored, scores)));
}
const grid = rog.charts.imageGridPng(rows, { rows: ['private', ...Object.keys(PHIS)], scale: 0.5 });
const small = await sharp(grid).png({ palette: true, effort: 10, dither: 0.5 }).toBuffer();
writeFileSync(new URL('../data/front.png', import.meta.url), small);

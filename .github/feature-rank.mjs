// How our feature distance ranks rebuilt pictures beside LPIPS (official AlexNet weights): Spearman's rank correlation.
// ROGLAB_WEIGHTS=DIR node .github/feature-rank.mjs [data] [images]; prints one line per phi and one for all pictures.
import * as rog from '../dist/src/index.js';

const [source = 'cifar10', images = '12'] = process.argv.slice(2);
await rog.start();
const data = await rog.openDataset(source);
const PHIS = ['none', 'quantize:3', 'qsgd:3', 'topk:0.95', 'sign', 'noise:-10'];
const size = { imageShape: data.imageShape, classes: data.classNames.length };
const trials = PHIS.flatMap((phi) =>
  Array.from({ length: Number(images) }, (_, k) => ({
    phi,
    model: rog.lenet({ ...size, seed: 1 + (k % 2) }),
    batch: data.batch({ split: 'test', size: 1, seed: 900 + k }),
    seed: k,
    options: { iterations: k % 2 ? 80 : 25 },
  })),
);
const done = await rog.study(trials);
const restored = await rog.studies.restoreAll(done);
const pairs = [...done, ...restored].flatMap(({ phi, scores }) =>
  scores.featureDistance.map((ours, i) => ({ phi, ours, lpips: scores.lpips[i] })),
);

/** Ranks from 0, equal values sharing their mean rank. */
function ranks(values) {
  const order = values.map((value, i) => [value, i]).sort(([a], [b]) => a - b);
  const places = new Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && order[to + 1][0] === order[from][0]) to++;
    for (let k = from; k <= to; k++) places[order[k][1]] = (from + to) / 2;
    from = to + 1;
  }
  return places;
}
function spearman(list) {
  const [a, b] = [ranks(list.map(({ ours }) => ours)), ranks(list.map(({ lpips }) => lpips))];
  const middle = (list.length - 1) / 2;
  const sum = (f) => a.reduce((total, _, i) => total + f(i), 0);
  return sum((i) => (a[i] - middle) * (b[i] - middle)) /
    Math.sqrt(sum((i) => (a[i] - middle) ** 2) * sum((i) => (b[i] - middle) ** 2));
}
for (const phi of PHIS) console.log(phi, spearman(pairs.filter((pair) => pair.phi === phi)).toFixed(2));
console.log('all', spearman(pairs).toFixed(3), `${pairs.length} pictures`);

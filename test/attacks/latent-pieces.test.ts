import assert from 'node:assert/strict';
import test from 'node:test';
import { classRows } from '../../src/attacks/latent/class-meaning.js';
import { type Decoder, decoder } from '../../src/attacks/latent/decoder.js';
import { labelSearch } from '../../src/attacks/latent/label-search.js';
import { explainedBy } from '../../src/attacks/latent/latent-explained.js';
import { startsOf } from '../../src/attacks/latent/starts.js';
import { type Match, matchOf, noiseShare } from '../../src/attacks/latent/update-match.js';
import { ndarray } from '../../src/core/arrays.js';
import { EXACT, noised } from '../../src/core/evidence.js';
import { uniformStream } from '../../src/core/random.js';
import type { NdArray, Observation } from '../../src/core/types.js';
import { start } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet } from '../../src/models/index.js';
import { smallGenerator } from '../models/small-generator.js';
import { near } from '../near.js';

/** Pictures are the points themselves. */
const itself = {
  images: async (point: NdArray) => point,
  encode: async (images: NdArray) => images,
} as unknown as Decoder;

test('classRows: a row per picture, its class, or all classes alike', () => {
  assert.deepEqual([...classRows([1, undefined, 0], 4).data], [0, 1, 0, 0, 0.25, 0.25, 0.25, 0.25, 1, 0, 0, 0]);
});

test("rogs' explainedBy: what a picture explains of what is open without it", async () => {
  const squares = async (images: NdArray) => ({
    objective: 6 - images.data.reduce((sum, x) => sum + x * x, 0),
    gradient: images,
  });
  const match = { evaluate: squares, floor: 1 } as unknown as Match;
  const found = ndarray([2, 1, 1, 2], Float32Array.of(1, 0.5, 0.5, 1));
  // with both 6 - 2.5 = 3.5; without one 4.75, of which 1 cannot be matched
  const both = await explainedBy(match, itself, found, found, found);
  for (const c of both) assert.ok(Math.abs(c - 1.25 / 3.75) < 1e-12, `${c}`);
});

test('labelSearch tries other classes where an inferred label does not stand out, and only there', async () => {
  /** Class 2 is the best everywhere. */
  const evaluate = async (images: NdArray, rows?: NdArray) => ({
    objective: 10 - [2, 5].reduce((sum, at) => sum + (rows!.data[at] ?? 0), 0),
    gradient: images,
  });
  const match = { evaluate, labelsMove: true } as unknown as Match;
  const observation = { model: { classes: 3 }, client: { batchSize: 2 } } as unknown as Observation;
  const generator = { design: { classes: 3 } } as never;
  const search = async (confidence: readonly number[], more: object = {}, how = match, stop = () => false) => {
    const found = { labels: Int32Array.of(0, 1), method: 'm', confidence };
    const raw = ndarray([2, 1, 1, 1]);
    return labelSearch({ ...observation, ...more }, found, how, itself, generator, (label) => label, raw, stop);
  };
  assert.deepEqual([...(await search([0.9, 0.1])).labels], [0, 2]);
  assert.deepEqual([...(await search([0.1, 0.5])).labels], [2, 1]);
  assert.equal((await search([0.1, 0.1])).method, 'm; 2 by matching');
  assert.deepEqual([...(await search([0.1, 0.1], { labels: Int32Array.of(0, 1) })).labels], [0, 1], 'given ones stay');
  assert.deepEqual([...(await search([0.1, 0.1], {}, { ...match, labelsMove: false })).labels], [0, 1]);
  assert.deepEqual([...(await search([0.1, 0.1], {}, match, () => true)).labels], [0, 1], 'a stop leaves the rest');
});

test('decoder: the first latent entry and the last offset move the picture; encode finds it again', async () => {
  await start();
  const decoding = await decoder(smallGenerator(3), 1);
  const rows = classRows([1], 3);
  const at = (entries: Record<number, number>): NdArray => {
    const point = ndarray([1, 1, 1, decoding.size]);
    for (const [i, value] of Object.entries(entries)) point.data[Number(i)] = value;
    return point;
  };
  const farthest = (a: NdArray, b: NdArray): number => Math.max(...a.data.map((x, i) => Math.abs(x - b.data[i]!)));
  const mean = await decoding.images(at({}), rows);
  const moved = await decoding.images(at({ 0: 0.2 }), rows);
  assert.ok(farthest(mean, moved) > 1e-3, `${farthest(mean, moved)}`);
  const lit = await decoding.images(at({ [decoding.size - 1]: 3 }), rows);
  assert.ok(farthest(mean, lit) > 0);
  const [first, second] = [await decoding.encode(mean, rows), await decoding.encode(moved, rows)];
  const shift = second.data.map((x, i) => x - first.data[i]!);
  assert.ok(Math.abs(shift[0]!) > 0.05, `${shift[0]}`);
  decoding.dispose();
});

test('startsOf: the best raw one and the best other get a heat, the better first, then the rest', async () => {
  const goal = 0.9;
  const evaluate = async ({ shape, data }: NdArray) => ({
    objective: (data[0]! - goal) ** 2,
    gradient: ndarray(shape, Float32Array.of(2 * (data[0]! - goal))),
  });
  const at = (value: number): NdArray => ndarray([1, 1, 1, 1], value);
  const list = [
    ['raw', at(40)],
    ['raw, halved', at(20)],
    ['mean', at(0)],
    ['draw 1', at(0.8)],
  ] as const;
  const found = await startsOf(list, evaluate);
  assert.deepEqual(
    found.map(({ name }) => name),
    ['draw 1', 'raw, halved', 'mean', 'raw'],
  );
  const [first, second, third] = found;
  assert.ok(first!.objective < 1e-2 && second!.objective < 19.1 ** 2, 'both moved');
  assert.deepEqual([...third!.point.data], [0]);
});

test('matchOf: at the private images noise of known size leaves its share of every entry', async () => {
  await start();
  const model = lenet({ imageShape: [8, 8, 3], classes: 3 });
  const labels = Int32Array.of(1);
  const update = await clientUpdate(model, { images: ndarray([1, 8, 8, 3], uniformStream(3)), labels });
  const seen = observe(model, update, { labels });
  const floor = async (noise: number): Promise<number> => {
    const evidence = seen.obfuscation.evidence.map(() => noised(EXACT, noise));
    const match = await matchOf({ ...seen, obfuscation: { ...seen.obfuscation, evidence } }, labels, 1);
    match.dispose();
    return match.floor;
  };
  const squares = seen.tensors.reduce((sum, { data }) => sum + data.reduce((part, q) => part + q * q, 0), 0);
  const entries = seen.tensors.reduce((sum, { data }) => sum + data.length, 0);
  const sigma = 0.1 * Math.sqrt(squares / entries);
  near([await floor(0), await floor(sigma), await floor(20 * sigma)], [0, 0.01, 1], 1e-6);
});

test('noiseShare: the noise of one entry over the squared length of the update, 0 of an update of zeros', () => {
  const of = (data: readonly number[], ...noises: readonly number[]): number => {
    const tensors = [{ data: Float32Array.from(data) }];
    return noiseShare({ tensors, obfuscation: { evidence: noises.map((noise) => ({ noise })) } } as never);
  };
  assert.equal(of([3, -4], 0.5, 2), 4 / 25);
  assert.equal(of([0, 0], 0.5), 0);
});

import { oneHot } from '../../core/arrays.js';
import { hidesScale, isSent } from '../../core/evidence.js';
import type { Matrix } from '../../core/linear-algebra.js';
import { leastSquares, lifted, mapped, matrix, product, solve, transpose } from '../../core/linear-algebra.js';
import { dot } from '../../core/numbers.js';
import { deriveSeed, normalStream, uniformStream } from '../../core/random.js';
import type { Evidence, NdArray, Observation } from '../../core/types.js';
import { compile, type Tensor } from '../../engine/index.js';
import { direction, pick } from '../../federation/index.js';
import { logCdf } from '../closed-form/normal-posterior.js';
import type { Found, Watch } from './found.js';
import { keptByPhi } from './kept-by-phi.js';
import { pinkPictures } from './pink-pictures.js';
import { ridgeLaw } from './ridge.js';
import { wholeCounts } from './whole-counts.js';

const CLIENTS = 150;

/** Pictures that they draw from. */
const PICTURES = 400;

/** What a tensor says of the labels: itself, or the sums over the inputs of each unit, then by way of a matrix. */
interface Reading {
  readonly tensor: number;
  /** Columns to sum up to; 0: the entries themselves. */
  readonly columns: number;
  /** Weights [columns, classes] that take the sums to classes. */
  readonly through?: Matrix;
  readonly kept: (data: Float32Array) => Float32Array;
}

/**
 * Label counts learned from simulated clients: batches of pink pictures with random labels, their update after phi, and
 * a linear law from what the tensors say to the counts. Of each tensor (biases, column sums of the last dense layer,
 * column sums of a dense layer before it seen through the last one's weights) its C numbers that tell the counts best
 * are taken (least squares, errors weighed by their variance), then all of them regressed on the counts by ridge. What
 * the length of one image's gradient hides from its column sums, the biases, which do not depend on how bright it is,
 * tell. Networks without much of an opinion are assumed: untrained ones.
 * After LLG (Wainakh et al. 2022), which scales column sums by one simulated client; the regression is ours.
 * @param least for each class, how many images it has at least
 * @param most for each class, how many at most
 * @throws what `watch` throws
 */
export async function simulatedCounts(
  observation: Observation,
  least: readonly number[],
  most: readonly number[],
  watch?: Watch,
): Promise<Found> {
  const { model, tensors, client, obfuscation } = observation;
  const { batchSize } = client;
  const readings = readingsOf(observation);
  const parts = CLIENTS + readings.length + 1;
  const turn = async (done: number): Promise<void> => {
    await new Promise(setImmediate); // others have their turn, and an interrupt is heard
    watch?.(done, parts);
  };
  const random = uniformStream(deriveSeed(1, 'labels of simulated clients'));
  const pool = await pinkPictures(model.imageShape, PICTURES, 1);
  const normal = normalStream(deriveSeed(1, 'noise of simulated clients'));
  const simulate = direction(model, client);
  const drawn = (below: number): number[] => Array.from({ length: batchSize }, () => Math.floor(random() * below));
  const draw = (): { images: NdArray; labels: Int32Array } => ({
    images: pick(pool, drawn(PICTURES)),
    labels: Int32Array.from(drawn(model.classes)),
  });
  const example = draw();
  const step = await compile(
    (x: Tensor, y: Tensor, ...parameters: Tensor[]) => [...simulate(parameters, x, y).delta],
    [example.images, oneHot('inferLabels', example.labels, model.classes), ...model.parameters],
    { name: `labels of ${model.name}` },
  );
  const counts = matrix(CLIENTS, model.classes);
  const seen: number[][][] = [];
  try {
    for (let s = 0; s < CLIENTS; s++) {
      await turn(s);
      const { images, labels } = draw();
      for (const label of labels) counts.data[s * model.classes + label]! += 1;
      const delta = await step.run(images, oneHot('inferLabels', labels, model.classes), ...model.parameters);
      seen.push(readings.map((reading) => readOff(reading, delta, tensors, obfuscation.evidence, normal)));
    }
  } finally {
    step.dispose();
  }
  const received = readings.map((reading) => sumsOf(reading, tensors[reading.tensor]!.data));
  const law = await lawOf(seen, counts, (k) => turn(CLIENTS + k));
  const [estimate, deviation] = [[...law.predict(received)], law.deviation];
  watch?.(parts, parts);
  const found = wholeCounts(estimate, deviation, batchSize, least, most);
  const labels = found.flatMap((n, j) => Array.from({ length: n }, () => j));
  const confidence = labels.map((j) => Math.exp(logCdf((estimate[j]! - found[j]! + 0.5) / deviation[j]!)));
  return { labels, confidence };
}

/** Tensors of as many entries at most are read entry by entry. */
const SHORT = 256;

function readingsOf({ model, obfuscation, tensors }: Observation): Reading[] {
  const { parameters, classes } = model;
  const dense = parameters.flatMap(({ shape }, k) => (shape.length === 2 ? [k] : []));
  const last = dense.at(-1)!;
  const before = dense.at(-2);
  const weights = parameters[last]!;
  const units = weights.shape[0]!;
  const sent = (k: number): boolean => isSent(obfuscation.evidence[k]!);
  const short = parameters.flatMap(({ shape, data }, k) =>
    shape.length === 1 && data.length <= SHORT && sent(k) ? [{ tensor: k, columns: 0 }] : [],
  );
  const inner =
    before !== undefined && parameters[before]!.shape[1] === units && sent(before)
      ? [{ tensor: before, columns: units, through: matrix(units, classes, weights.data) }]
      : [];
  return [...short, { tensor: last, columns: classes }, ...inner].map((reading) => ({
    ...reading,
    kept: keptByPhi(obfuscation.evidence[reading.tensor]!, tensors[reading.tensor]!.data),
  }));
}

/** What a reading gives of a simulated update after phi. */
function readOff(
  reading: Reading,
  delta: readonly NdArray[],
  tensors: Observation['tensors'],
  evidences: readonly Evidence[],
  normal: () => number,
): number[] {
  const { tensor, columns } = reading;
  const evidence = evidences[tensor]!;
  const received = tensors[tensor]!.data;
  const kept = reading.kept(delta[tensor]!.data);
  const factor = hidesScale(evidence) && !evidence.signOnly ? norm(received) / (norm(kept) || 1) : 1;
  const terms = columns > 0 ? received.length / columns : 1;
  const noise = Number.isFinite(evidence.noise) ? evidence.noise * Math.sqrt(terms) : 0;
  const blurred = (value: number): number => factor * value + (noise > 0 ? noise * normal() : 0);
  return sumsOf(reading, kept, blurred);
}

function sumsOf({ columns, through }: Reading, data: Float32Array, of = (value: number) => value): number[] {
  if (columns === 0) return Array.from(data, of);
  const sums = new Float64Array(columns);
  for (let start = 0; start < data.length; start += columns)
    for (let c = 0; c < columns; c++) sums[c]! += data[start + c]!;
  const seen = sums.map(of);
  return through ? [...product(matrix(1, columns, seen), through).data] : [...seen];
}

/** Each reading to C numbers, all of them to the counts; `turn` comes between two. */
async function lawOf(seen: readonly number[][][], counts: Matrix, turn: (done: number) => Promise<void>) {
  const blocks: { block: Matrix; tell: (z: Matrix) => Matrix }[] = [];
  for (const k of seen[0]!.keys()) {
    await turn(k);
    const block = matrix(
      seen.length,
      seen[0]![k]!.length,
      seen.flatMap((one) => one[k]!),
    );
    blocks.push({ block, ...tellingOf(block, counts) });
  }
  await turn(seen[0]!.length);
  const joined = (parts: readonly Matrix[]): Matrix => {
    const width = parts.reduce((sum, { columns }) => sum + columns, 0);
    const rows = Array.from({ length: parts[0]!.rows }, (_, i) =>
      parts.flatMap(({ columns, data }) => [...data.subarray(i * columns, (i + 1) * columns)]),
    );
    return matrix(rows.length, width, rows.flat());
  };
  const { predict, deviation } = ridgeLaw(joined(blocks.map(({ block, tell }) => tell(block))), counts);
  return {
    deviation,
    predict: (received: readonly number[][]) =>
      predict(joined(blocks.map(({ tell }, k) => tell(matrix(1, received[k]!.length, received[k]!))))).data,
  };
}

/** Of a block Z = N B + errors [n, k]: Z -> Z V^-1 B^T (B V^-1 B^T)^-1, with V the errors' variances. */
function tellingOf(block: Matrix, counts: Matrix): { tell: (z: Matrix) => Matrix } {
  const slopes = leastSquares(counts, block, 1e-6); // [C, k]
  const errors = product(counts, slopes);
  const variance = new Float64Array(block.columns);
  for (let i = 0; i < block.data.length; i++)
    variance[i % block.columns]! += (block.data[i]! - errors.data[i]!) ** 2 / block.rows;
  const floor = 1e-3 * (variance.reduce((sum, v) => sum + v, 0) / variance.length) || 1;
  const weighed = mapped(slopes, (value, _, k) => value / (variance[k]! + floor));
  const whitened = solve(lifted(product(weighed, transpose(slopes)), 1e-3), weighed);
  return { tell: (z) => product(z, transpose(whitened)) };
}

const norm = (data: Float32Array): number => Math.sqrt(dot(data, data));

import { ndarray } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import { hidesScale, isExactToScale, isSent, keepsSigns } from '../../core/evidence.js';
import { dot, sum } from '../../core/numbers.js';
import { uniformStream } from '../../core/random.js';
import { resample } from '../../core/resample.js';
import type { Layer, Model, NamedArray, Observation } from '../../core/types.js';
import { clientUpdate } from '../../federation/index.js';
import { isNonNegative } from '../../models/index.js';
import { isHeadWhole, readHead } from '../closed-form/head.js';
import { offers } from '../search/needs.js';
import { oneGradient } from '../search/one-gradient.js';

/** What the update of the last dense layer says about every class j, as one gradient. */
export interface ClassView {
  readonly observation: Observation;
  readonly model: Model;
  readonly batchSize: number;
  /** The columns of the kernel's update. */
  readonly columns: readonly (readonly number[])[];
  /** S_j: the sum of column j. */
  readonly sums: readonly number[];
  /** The least entry of column j; where features may be negative, its bias' update, if that was sent. */
  readonly minima: readonly number[];
  /** The bias' update, where the layer has one. */
  readonly bias?: readonly number[];
  /** Features cannot be negative, so that S_j has the sign of p_j - y_j. */
  readonly nonNegative: boolean;
  /**
   * No absent class has a minimum below 0: features are not negative, or the bias tells, phi keeps signs, and labels
   * are not smoothed.
   */
  readonly signsProve: boolean;
  /** phi left every entry as it was, so a present class shows itself. */
  readonly exact: boolean;
  /** The network ends in dense - ReLU - dense, with nothing dense before. */
  readonly denseHead: boolean;
  /** Signs alone are left, of every entry. */
  readonly everySign: boolean;
  /** False after sign() or clipping: only the order of the numbers is meaningful. */
  readonly scaleKnown: boolean;
}

/** Reads the last dense layer of an observation. @throws a network without a dense layer per class */
export function classView(observation: Observation): ClassView {
  const { model, tensors, client, obfuscation } = observation;
  const { kernel, bias, at } = lastDense(model, tensors);
  if (!isSent(obfuscation.evidence[at]!))
    throw problem('inferLabels', 'the last dense layer was not sent', obfuscation.name, 'give the labels to observe()');
  const { batchSize } = client;
  const columns = columnsOf(oneGradient(observation, at).observed, model.classes);
  const denseHead = offers(observation, { denseHead: true }) && hasSimpleHead(observation);
  const nonNegative = isNonNegative(beforeLastDense(model));
  const sent =
    bias && isSent(obfuscation.evidence[at + 1]!) ? [...oneGradient(observation, at + 1).observed] : undefined;
  return {
    observation,
    model,
    batchSize,
    denseHead,
    everySign: obfuscation.evidence.every(({ signOnly }) => signOnly) && kernel.data.every((value) => value !== 0),
    columns,
    sums: columns.map(sum),
    minima: nonNegative || !sent ? columns.map((column) => Math.min(...column)) : sent,
    bias: sent,
    nonNegative,
    signsProve: (nonNegative || sent !== undefined) && !client.labelSmoothing && obfuscation.evidence.every(keepsSigns),
    exact: obfuscation.evidence.every(isExactToScale),
    scaleKnown: !obfuscation.evidence.some(hidesScale),
  };
}

/** One dense layer before the last, both sent whole. */
function hasSimpleHead(observation: Observation): boolean {
  const head = readHead(observation);
  return !head.between?.length && isHeadWhole(head);
}

const beforeLastDense = ({ layers }: Model): readonly Layer[] =>
  layers.slice(
    0,
    layers.findLastIndex(({ kind }) => kind === 'dense'),
  );

function lastDense(
  model: Model,
  tensors: readonly NamedArray[],
): { kernel: NamedArray; bias?: NamedArray; at: number } {
  const at = tensors.findLastIndex(({ shape }) => shape.length === 2);
  const kernel = tensors[at];
  if (kernel?.shape[1] !== model.classes)
    throw problem(
      'inferLabels',
      'needs a last dense layer with one output per class',
      model.name,
      'give the labels to observe()',
    );
  const after = tensors[at + 1];
  return { kernel, ...(after?.data.length === model.classes && { bias: after }), at };
}

const columnsOf = (data: Float32Array, classes: number): number[][] =>
  Array.from({ length: classes }, (_, j) =>
    Array.from({ length: data.length / classes }, (_, i) => data[i * classes + j]!),
  );

/** What an image of a class does to the view, measured on w0. */
export interface Impact {
  /** p_j s: what S_j is without images of class j. */
  readonly offset: readonly number[];
  /** s: by how much an image of class j lowers S_j, times the batch size. */
  readonly impact: number;
  /** p_j: mean predicted probability; of smoothed labels (p_j - e / K) / (1 - e). */
  readonly probabilities: readonly number[];
  /** What the S_j of the observation are, by the same weights. */
  readonly sums: readonly number[];
  /** By how much an image of class j lowers its bias' update, times the batch size: 1 - e, unless scores are scaled. */
  readonly ofBias: number;
}

/**
 * Two updates on noise, labelled all 0 and all 1: column sums differ by s in columns 0, 1 (LLG*, Wainakh 2022). Where
 * features may be negative and their sums be 0 (behind a layer norm), entries are weighed by the typical features,
 * which are what the two updates differ by.
 */
export async function dummyImpact({
  observation,
  model,
  batchSize,
  columns,
  sums,
  nonNegative,
}: ClassView): Promise<Impact> {
  const [height, width, channels] = model.imageShape;
  const coarse = ndarray([batchSize, 4, 4, channels], uniformStream(77));
  const images = resample(coarse, [height, width], 'bilinear');
  const run = async (label: number) => {
    const labels = new Int32Array(batchSize).fill(label);
    const { labelSmoothing = 0 } = observation.client;
    const { tensors } = await clientUpdate(model, { images, labels }, { labelSmoothing });
    const { kernel, bias } = lastDense(model, tensors);
    return { columns: columnsOf(kernel.data, model.classes), bias: bias?.data[0] ?? 0 };
  };
  const [zero, one] = [await run(0), await run(1)];
  const features = one.columns[0]!.map((value, i) => value - zero.columns[0]![i]!);
  const summed = (list: readonly (readonly number[])[]): readonly number[] =>
    list.map((column) => (nonNegative ? sum(column) : dot(column, features)));
  const [none, first] = [summed(zero.columns), summed(one.columns)];
  const offset = none.map((s, j) => (j === 0 ? first[0]! : s));
  const impact = first[0]! - none[0]!;
  const probabilities = offset.map((s) => s / impact);
  return {
    offset,
    impact,
    probabilities,
    sums: nonNegative ? sums : summed(columns),
    ofBias: one.bias - zero.bias,
  };
}

import { EXACT, hidesScale, isSent } from '../../core/evidence.js';
import type { Entries } from '../../core/linear-algebra.js';
import { squaredLength } from '../../core/numbers.js';
import type { Evidence, Layer, Model, NamedArray, Observation } from '../../core/types.js';
import { denseHead, isIdle, isNonNegative } from '../../models/index.js';
import { isFineIn } from '../search/fine.js';
import { oneGradient } from '../search/one-gradient.js';

/** One dense layer of the head: weights [inputs, units], bias, and its observed update as one gradient. */
export interface DenseLayer {
  readonly weights: Entries;
  /** Zeros where the layer has none. */
  readonly bias: Float64Array;
  /** The observed update [inputs, units], one gradient's worth. */
  readonly observed: Float32Array;
  /** What phi left of it, in the same units. */
  readonly evidence: Evidence;
}

/** A dense layer behind a ReLU, and the fixed factor between the two (the talk's 1/sqrt(m)), else 1. */
export interface InnerLayer extends DenseLayer {
  readonly factor: number;
}

/** The end of a network, features -> dense -> ReLU -> ... -> dense, and what comes before it. */
export interface Head {
  /** The layers that turn pictures into features. */
  readonly body: readonly Layer[];
  readonly bodyParameters: readonly NamedArray[];
  readonly buffers?: Model['buffers'];
  /** Features cannot be negative: the body ends in a ReLU or a sigmoid, or there is none and features are pixels. */
  readonly nonNegative: boolean;
  readonly first: DenseLayer;
  /** Dense layers between the first and the last; default none. */
  readonly between?: readonly InnerLayer[];
  readonly last: DenseLayer;
  /** The fixed factor before the last layer. */
  readonly factor: number;
}

/** Whether every dense layer of the head was sent, and not a projection of it alone. */
export const isHeadWhole = ({ first, between = [], last }: Pick<Head, 'first' | 'between' | 'last'>): boolean =>
  [first, ...between, last].every(({ evidence }) => isSent(evidence) && !evidence.projection);

/** The ReLU-activated dense layers of a head in order, without the last, each with the factor that follows it. */
export const hiddenLayers = ({ first, between = [], factor }: Head): InnerLayer[] =>
  [first, ...between].map((layer, k) => ({ ...layer, factor: between[k]?.factor ?? factor }));

/**
 * The dense head of an observed model, with its updates taken as one gradient at w0, see oneGradient(). The network
 * must end in dense, ReLU, (scale,) dense: checkNeeds() sees to that.
 * All dense layers that are so linked belong to the head: the first of them is the one whose update holds the features.
 */
export function readHead(observation: Observation): Head {
  const { layers, parameters, buffers } = observation.model;
  const links = denseHead(layers);
  let at = parameters.length;
  const backwards = links.toReversed().map(({ bias, factor }): InnerLayer => {
    at -= 1 + Number(bias);
    const { shape, data } = parameters[at]!;
    const [rows, columns] = shape as [number, number];
    return {
      weights: { rows, columns, data },
      bias: bias ? Float64Array.from(parameters[at + 1]!.data) : new Float64Array(columns),
      ...oneGradient(observation, at),
      factor,
    };
  });
  const found = backwards.reverse();
  const before = layers.slice(0, links[0]!.at);
  const body = before.every(isIdle) ? [] : before;
  return {
    body,
    bodyParameters: parameters.slice(0, at),
    buffers,
    nonNegative: isNonNegative(body),
    first: found[0]!,
    between: found.slice(1, -1),
    last: found.at(-1)!,
    factor: found.at(-1)!.factor,
  };
}

/** A layer's update as a matrix [inputs, units]. */
export const observedOf = ({ observed, weights }: DenseLayer): Entries => ({ ...weights, data: observed });

/** Whether entries are known as they are, or finely rounded, lengths and all. */
export const isKnownFinely = ({ evidence, observed }: DenseLayer): boolean =>
  !hidesScale(evidence) && isFineIn(evidence, observed);

/** Deviation of entries that hold nearly, of their tensor's root mean square. */
const NEARLY = 0.1;

/**
 * The same head, its updates equal to one gradient only nearly: what is left counts as noise. Solved as exact, several
 * local steps bend errors and features to fit what no gradient explains. LeNet, eight photographs at 64x64, five steps
 * of 0.01 and 0.02, sent as they are: 20.5 and 18.0 dB as exact, 27.7 and 25.3 so; one step at 8 bits 26.3 within its
 * bounds, 29.2 so. Layers that are known less finely stay as they are.
 */
export function nearly(head: Head): Head {
  const layer = <L extends DenseLayer>(one: L): L => {
    if (!isKnownFinely(one)) return one;
    const rms = Math.sqrt(squaredLength(one.observed) / one.observed.length);
    return { ...one, evidence: { ...EXACT, noise: NEARLY * rms } };
  };
  return { ...head, first: layer(head.first), between: head.between?.map(layer), last: layer(head.last) };
}

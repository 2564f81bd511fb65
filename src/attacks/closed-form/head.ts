import { perStep } from '../../core/evidence.js';
import type { Evidence, Layer, Model, NamedArray, Observation } from '../../core/types.js';
import { isNonNegative } from '../../models/index.js';
import { type Matrix, matrix } from './matrix.js';

/** One dense layer of the head: weights [inputs, units], bias, and its observed update per local step. */
export interface DenseLayer {
  readonly weights: Matrix;
  /** Zeros where the layer has none. */
  readonly bias: Float64Array;
  /** The observed update [inputs, units], one gradient's worth. */
  readonly observed: Float32Array;
  /** What phi left of it, in the same units. */
  readonly evidence: Evidence;
}

/** The end of a network, features -> dense -> ReLU -> dense, and what comes before it. */
export interface Head {
  /** The layers that turn pictures into features. */
  readonly body: readonly Layer[];
  readonly bodyParameters: readonly NamedArray[];
  readonly buffers?: Model['buffers'];
  /** Features cannot be negative: the body ends in a ReLU or a sigmoid, or there is none and features are pixels. */
  readonly nonNegative: boolean;
  readonly first: DenseLayer;
  readonly last: DenseLayer;
  /** A fixed factor between the two layers (the talk's 1/sqrt(m)), else 1. */
  readonly factor: number;
}

/**
 * The dense head of an observed model, with its updates divided by the number of local steps: FedAvg's update taken as
 * one gradient's direction and length. The network must end in dense, ReLU, (scale,) dense: checkNeeds() sees to that.
 */
export function readHead({ model, tensors, client, obfuscation }: Observation): Head {
  const { layers, parameters } = model;
  const last = layers.length - 1;
  const scaled = layers[last - 1]?.kind === 'scale';
  const relu = last - (scaled ? 2 : 1);
  const [first, second] = [layers[relu - 1], layers[last]] as Extract<Layer, { kind: 'dense' }>[];
  const [one, two] = [1 + Number(first!.bias ?? false), 1 + Number(second!.bias ?? false)];
  const start = parameters.length - one - two;
  const layer = (at: number, bias: boolean): DenseLayer => ({
    weights: matrix(...(parameters[at]!.shape as [number, number]), parameters[at]!.data),
    bias: bias ? Float64Array.from(parameters[at + 1]!.data) : new Float64Array(parameters[at]!.shape[1]!),
    observed: tensors[at]!.data.map((value) => value / client.localSteps),
    evidence: perStep(obfuscation.evidence[at]!, client.localSteps),
  });
  const body = layers.slice(0, relu - 1);
  return {
    body,
    bodyParameters: parameters.slice(0, start),
    buffers: model.buffers,
    nonNegative: isNonNegative(body),
    first: layer(start, one === 2),
    last: layer(start + one, two === 2),
    factor: scaled ? (layers[last - 1] as Extract<Layer, { kind: 'scale' }>).factor : 1,
  };
}

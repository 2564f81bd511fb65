import type { Attribute, OnnxNode, OnnxTensor } from '../../assets/index.js';
import type { NamedArray } from '../../core/types.js';

/** What a layer learns, in PyTorch's layout, and the stored tensors that it comes from. */
export interface Learned extends NamedArray, Pick<OnnxTensor, 'names'> {
  /** One below the other. */
  readonly parts?: readonly Learned[];
  /** Zeros that the file leaves out; `names` are what they would have. */
  readonly absent?: true;
}

/** A graph whose shapes are known and whose constants are worked out, for one image. */
export interface Known {
  readonly where: string;
  /** The image as [batch, channels, height, width]. */
  readonly input: string;
  /** Whether the file takes it as [batch, height, width, channels]. */
  readonly channelsLast: boolean;
  /** Whether the file takes it as [batch, height, width], one channel. */
  readonly gray: boolean;
  /** Images that the graph is followed for: those of its export where they are fixed, else one. */
  readonly batch: number;
  readonly output: string;
  /** Nodes that depend on the image, in order. */
  readonly nodes: readonly OnnxNode[];
  readonly constant: (name: string | undefined) => OnnxTensor | undefined;
  readonly shape: (name: string) => readonly number[];
  /** The node that makes a value; undefined for the image. */
  readonly maker: (name: string) => OnnxNode | undefined;
  /** Where its node stands among them; -1 for the image. */
  readonly place: (name: string) => number;
}

export const numbers = (value: Attribute | undefined, otherwise: readonly number[]): readonly number[] =>
  Array.isArray(value) ? (value as number[]) : typeof value === 'object' ? [...(value as OnnxTensor).data] : otherwise;

export const numberOf = (value: Attribute | undefined, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise;

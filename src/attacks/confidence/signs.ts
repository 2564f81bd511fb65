import { imageAt, ndarray } from '../../core/arrays.js';
import { halfWidth, isSent, isUnknown } from '../../core/evidence.js';
import { dotInTurns, sumInTurns, sumOfParts } from '../../core/in-turns.js';
import type { Evidence, NamedArray, NdArray, Observation, Reconstruction } from '../../core/types.js';
import { grayOf, type Measured } from '../choose/yardstick.js';
import { decidedness } from './decided.js';

/** What a server can measure of pictures that an attack gave it, and of what it had. */
export interface Signs {
  /** Share of the update that the pictures leave unexplained, over that of an even gray. */
  readonly left: number;
  /** The same with each block of 4x4 pixels at its mean: what of the update their detail explains. */
  readonly coarse: number;
  /** log2 of the bits received per pixel value sought. */
  readonly bits: number;
  readonly images: number;
  /** Share of the images that share their label. */
  readonly repeated: number;
  readonly steps: number;
  /** Tensors of the update: the more, the deeper the network, and the more pictures explain the same update. */
  readonly tensors: number;
  /** Whether equations were solved, not gradients matched. */
  readonly solved: boolean;
  /** How decided the network is on the pictures, 0 to 1; rows of untrained networks may leave it out. */
  readonly decided?: number;
  /** Of each picture: colour total variation, a mean per pixel. */
  readonly roughness: readonly number[];
  /** Of each picture: variation of its 2x2 means over its own. */
  readonly grain: readonly number[];
  /** Of each picture: standard deviation over pixels, mean over channels. */
  readonly contrast: readonly number[];
}

/** Attacks, or ways of rog(), that solve equations. */
const SOLVED = ['closedForm', 'closed-form', 'analytic'];

/** Side of the blocks that take detail away. */
const COARSE = 4;

/** Bits of an entry that was sent as it is: beyond, arithmetic decides. */
const EXACT_BITS = 12;

/** Of an entry without any bound: nearly none. */
const UNBOUNDED = 1e3;

/** What pictures with their labels leave of an update. */
export type Unexplained = (images: NdArray, labels: Int32Array) => Promise<Pick<Measured, 'unexplained'>>;

/** Measures pictures by what the server knows; three simulations of the client where no gray is given. */
export async function signsOf(
  { model, client, tensors, obfuscation }: Observation,
  { images, labels, attack, settings }: Pick<Reconstruction, 'images' | 'labels' | 'attack' | 'settings'>,
  rule: Unexplained,
  gray?: Pick<Measured, 'unexplained'>,
): Promise<Signs> {
  const even = (gray ?? (await rule(grayOf({ model, client }), labels))).unexplained;
  // where phi left nothing to compare, everything is left
  const left = async (pictures: NdArray) => (even > 0 ? (await rule(pictures, labels)).unexplained / even : 1);
  const [size] = images.shape as [number];
  const each = Array.from({ length: size }, (_, b) => imageAt(images, b));
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  let bits = 0;
  for (const [k, tensor] of tensors.entries()) bits += await bitsOf(tensor, obfuscation.evidence[k]!);
  const roughness = each.map((image) => variation(image));
  return {
    left: await left(images),
    coarse: await left(blocky(images, COARSE)),
    bits: Math.log2(Math.max(1e-3, bits / images.data.length)),
    images: size,
    repeated: [...labels].filter((label) => counts.get(label)! > 1).length / size,
    steps: client.localSteps,
    tensors: tensors.length,
    solved: SOLVED.includes(String(settings.method ?? attack)),
    decided: await decidedness(model, images),
    roughness,
    grain: each.map((image, b) => variation(blocky(image, 2)) / Math.max(1e-6, roughness[b]!)),
    contrast: each.map(contrastOf),
  };
}

/** Sum over entries of log2(1 + mean square / error's mean square) / 2, with one bit for a sign. */
async function bitsOf({ data }: NamedArray, evidence: Evidence): Promise<number> {
  if (!isSent(evidence) || isUnknown(evidence)) return 0;
  if (evidence.signOnly) return data.length;
  const power = (await dotInTurns(data, data)) / data.length;
  if (!(power > 0)) return 0;
  const bitsAt = (width: number): number => {
    const error = (Number.isFinite(width) ? width ** 2 / 3 : power * UNBOUNDED) + evidence.noise ** 2;
    return Math.min(EXACT_BITS, Math.log2(1 + power / Math.max(error, 1e-30)) / 2);
  };
  if (evidence.each) return sumInTurns(data, (q, i) => bitsAt(halfWidth(evidence, q, i)));
  const two = [bitsAt(evidence.tolerance), bitsAt(evidence.zeroTolerance)] as const;
  return sumOfParts(data.length, (from, to, before) => sumOfTwo(data, two, [from, to], before));
}

function sumOfTwo(
  data: Float32Array,
  [ofOthers, ofZeros]: readonly [number, number],
  [from, to]: readonly [number, number],
  before: number,
): number {
  let all = before;
  for (let i = from; i < to; i++) all += data[i] === 0 ? ofZeros : ofOthers;
  return all;
}

/** Every block of pixels at its mean. */
function blocky({ shape, data }: NdArray, side: number): NdArray {
  const [channels, width, height] = [...shape].reverse() as [number, number, number];
  const out = new Float32Array(data.length);
  const sums = new Map<number, [sum: number, count: number]>();
  const block = (at: number): number => {
    const c = at % channels;
    const x = Math.floor(at / channels) % width;
    const y = Math.floor(at / channels / width) % height;
    const image = Math.floor(at / channels / width / height);
    return ((image * height + Math.floor(y / side)) * width + Math.floor(x / side)) * channels + c;
  };
  for (let at = 0; at < data.length; at++) {
    const [sum, count] = sums.get(block(at)) ?? [0, 0];
    sums.set(block(at), [sum + data[at]!, count + 1]);
  }
  for (let at = 0; at < data.length; at++) {
    const [sum, count] = sums.get(block(at))!;
    out[at] = sum / count;
  }
  return ndarray(shape, out);
}

/** Mean over pixels of the length of the colour gradient. */
function variation({ shape, data }: NdArray): number {
  const [channels, width, height] = [...shape].reverse() as [number, number, number];
  let sum = 0;
  for (let y = 0; y + 1 < height; y++)
    for (let x = 0; x + 1 < width; x++) {
      let square = 0;
      for (let c = 0; c < channels; c++) {
        const at = (y * width + x) * channels + c;
        square += (data[at + width * channels]! - data[at]!) ** 2 + (data[at + channels]! - data[at]!) ** 2;
      }
      sum += Math.sqrt(square);
    }
  return sum / Math.max(1, (height - 1) * (width - 1));
}

function contrastOf({ shape, data }: NdArray): number {
  const channels = shape.at(-1)!;
  const pixels = data.length / channels;
  let sum = 0;
  for (let c = 0; c < channels; c++) {
    let [first, second] = [0, 0];
    for (let at = c; at < data.length; at += channels) {
      first += data[at]!;
      second += data[at]! ** 2;
    }
    sum += Math.sqrt(Math.max(0, second / pixels - (first / pixels) ** 2));
  }
  return sum / channels;
}

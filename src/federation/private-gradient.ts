import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { ClientPrivacy, Model, NamedArray, NdArray } from '../core/types.js';
import { compile, crossEntropy, type Tensor, type Tensor2D, tf } from '../engine/index.js';
import { forward, type Use } from '../models/index.js';
import { checkIndependent } from './independent.js';
import { zeros } from './picked-rows.js';
import { contribution } from './private-layers.js';
import { addNoise, noiseDeviations, type Spread } from './private-noise.js';
import { type Mechanism, mechanismOf } from './private-settings.js';

/** Sums of clipped per-example gradients, over any number of examples. Dispose it when done. */
export interface ClippedGradients {
  /**
   * sum_i g_i min(1, C / |g_i|), one array per trained parameter, with |g_i| over all tensors or each alone; `targets`
   * one-hot, [n, classes].
   * @param exempt examples at the front that are left as they are
   */
  readonly run: (
    weights: readonly NdArray[],
    images: NdArray,
    targets: NdArray,
    clip: number,
    exempt?: number,
  ) => Promise<ClippedSum>;
  readonly engine: string;
  readonly dispose: () => void;
}

/** What one step's examples give; the arrays are the caller's. */
export interface ClippedSum {
  readonly sum: Float32Array[];
  /** For each parameter sum_i |clipped g_i|^2 over the examples that are not exempt. */
  readonly powers: Float32Array;
  /** Sum of the examples' losses. */
  readonly loss: number;
}

export interface ClippedOptions {
  /** Default `example`. */
  readonly scope?: Mechanism['scope'];
  /** Examples per compiled step, default 8: more of them take several, fewer are filled up. */
  readonly group?: number;
  readonly threads?: number;
  /** For each parameter whether it is trained: the gradient is that of these alone. Default: all are. */
  readonly trained?: readonly boolean[];
}

/** The bound holds in spite of float32 rounding of norm and product. */
const MARGIN = 1 - 2e-6;

/** Stands for no bound; its square is a float32. */
const NO_CLIP = 1e18;

/**
 * g_i min(1, C / |g_i|) summed over the examples, g_i the gradient of example i's cross-entropy: the clipping of
 * DP-SGD (Abadi et al. 2016, algorithm 1) or of the talk. One pass back gives the errors at every layer; norms and the
 * weighted sums follow from them and the layers' inputs, see contribution(), so a step costs little more than a plain
 * one.
 */
export async function clippedGradients(model: Model, options: ClippedOptions = {}): Promise<ClippedGradients> {
  const { scope = 'example', group = 8, threads, trained = model.parameters.map(() => true) } = options;
  checkIndependent('privacy', model, 'each example has a gradient of its own');
  const taps = tapped(model, group);
  const shapes = model.parameters.map(({ shape }) => shape);
  const step = await compile(
    (x: Tensor, y: Tensor, guarded: Tensor, clip: Tensor, ...weights: Tensor[]) => {
      const { loss, uses, errors, done } = taps(weights, x, y);
      const each = uses.flatMap((use, k) => (trained[k] ? [contribution(use, errors[k]!, shapes[k]!, group)] : []));
      const squares = each.map((one) => one.squares);
      const total = scope === 'example' ? tf.addN(squares) : undefined;
      const factors = squares.map((own) =>
        tf.minimum(1, tf.div(tf.reshape(clip, []), tf.sqrt(tf.maximum(total ?? own, 1e-30)))),
      );
      const weight = (factor: Tensor): Tensor => tf.add(tf.mul(guarded, factor), tf.sub(1, guarded));
      const sums = each.map((one, k) => one.weighted(weight(factors[k]!)));
      const powers = factors.map((f, k) => tf.sum(tf.mul(tf.mul(guarded, tf.square(f)), squares[k]!)));
      done();
      return [loss, tf.stack(powers), ...sums];
    },
    [
      ...[zeros([group, ...model.imageShape]), zeros([group, model.classes]), zeros([group]), zeros([1])],
      ...model.parameters,
    ],
    { name: `clipped gradients of ${model.name}`, ...(threads && { threads }) },
  );
  const run: ClippedGradients['run'] = async (weights, images, targets, clip, exempt = 0) => {
    const count = targets.shape[0]!;
    const bound = { shape: [1], data: Float32Array.of(Number.isFinite(clip) ? clip * MARGIN : NO_CLIP) };
    const parts: ClippedSum[] = [];
    for (let from = 0; from < count; from += group) {
      const x = padded(images, from, group);
      const y = padded(targets, from, group);
      const guarded = { shape: [group], data: Float32Array.from({ length: group }, (_, i) => +(from + i >= exempt)) };
      const [loss, powers, ...sums] = await step.run(x, y, guarded, bound, ...weights);
      parts.push({ sum: sums.map(({ data }) => data), powers: powers!.data, loss: loss!.data[0]! });
    }
    return together(parts);
  };
  return { run, engine: step.engine, dispose: step.dispose };
}

/** The examples' losses, summed; how each parameter entered which value; and the loss's derivatives there. */
function tapped({ layers, buffers, parameters, name }: Model, examples: number) {
  let shapes: (readonly number[])[] | undefined;
  const arriving = (weights: readonly Tensor[], x: Tensor): (readonly number[])[] => {
    const seen: (readonly number[])[] = [];
    const using = (_: Use, value: Tensor): Tensor => {
      seen.push(value.shape);
      return value;
    };
    tf.tidy(() => forward({ layers, buffers }, { using })(weights, x));
    const rule = `every layer must say how its parameters enter, ${parameters.length}`;
    if (seen.length !== parameters.length) throw problem('privacy', rule, seen.length, name);
    return seen;
  };
  return (weights: readonly Tensor[], x: Tensor, y: Tensor) => {
    shapes ??= arriving(weights, x);
    const uses: Use[] = [];
    const held: Tensor[] = [];
    const hold = (t: Tensor): Tensor => {
      held.push(tf.keep(tf.clone(t)));
      return held.at(-1)!;
    };
    const loss = (...taps: Tensor[]): tf.Scalar => {
      const using = (use: Use, value: Tensor): Tensor => {
        uses.push(kept(use, hold));
        return tf.add(value, taps[uses.length - 1]!);
      };
      return tf.mul(crossEntropy(forward({ layers, buffers }, { using })(weights, x), y as Tensor2D), examples);
    };
    const { value, grads } = tf.valueAndGrads(loss)(shapes.map((shape) => tf.zeros([...shape])));
    return { loss: value, uses, errors: grads, done: () => tf.dispose(held) };
  };
}

/** A use whose input outlives the pass in which it came up. */
function kept(use: Use, hold: (t: Tensor) => Tensor): Use {
  if (use.kind === 'summand') return use;
  if (use.kind !== 'factor') return { ...use, input: hold(use.input) } as Use;
  const input = hold(use.input());
  return { ...use, input: () => input };
}

function together(parts: readonly ClippedSum[]): ClippedSum {
  if (parts.length === 1) return parts[0]!;
  const total = {
    sum: parts[0]!.sum.map(({ length }) => new Float32Array(length)),
    powers: new Float32Array(parts[0]!.sum.length),
    loss: parts.reduce((sum, { loss }) => sum + loss, 0),
  };
  for (const { sum, powers } of parts) {
    add(total.powers, powers);
    sum.forEach((data, k) => {
      add(total.sum[k]!, data);
    });
  }
  return total;
}

function add(into: Float32Array, data: Float32Array): void {
  for (let i = 0; i < into.length; i++) into[i]! += data[i]!;
}

/** `count` rows of an array from `from` on, zeros where it ends. */
function padded({ shape: [rows, ...rest], data }: NdArray, from: number, count: number): NdArray {
  const size = sizeOf(rest);
  if (from === 0 && rows === count) return { shape: [count, ...rest], data };
  const out = zeros([count, ...rest]);
  out.data.set(data.subarray(from * size, (from + count) * size));
  return out;
}

/**
 * (sum + n) / expected with the noise n of a mechanism: the private mean gradient, as new arrays.
 * @param spread needed for noise at an SNR and for constant noise
 */
export function noised(
  sum: readonly Float32Array[],
  privacy: ClientPrivacy,
  expected: number,
  seed: number,
  spread: Omit<Spread, 'entries'> = { powers: sum.map(() => 0), noisy: 0 },
): Float32Array[] {
  const mechanism = mechanismOf(privacy);
  const out = sum.map((data) => data.slice());
  const entries = sum.map(({ length }) => length);
  addNoise(out, mechanism.noise, noiseDeviations(mechanism, { ...spread, entries }), seed);
  for (const data of out) for (let i = 0; i < data.length; i++) data[i]! /= expected;
  return out;
}

export const named = (model: Pick<Model, 'parameters'>, arrays: readonly Float32Array[]): NamedArray[] =>
  model.parameters.map(({ name, shape }, k) => ({ name, shape, data: arrays[k]! }));

export const datasOf = (arrays: readonly NdArray[]): Float32Array[] => arrays.map(({ data }) => data);

import { trainedOf } from '../core/frozen.js';
import type { ClientSettings, Model } from '../core/types.js';
import { crossEntropy, type Tensor, type Tensor2D, tf } from '../engine/index.js';
import { type Architecture, type ForwardOptions, forward, type Using } from '../models/index.js';
import { corrections, isPlainSgd, type Moment, ruleOf } from './client-optimizers.js';
import { assumed, stepsOf } from './client-settings.js';
import type { Taps } from './later-rows.js';
import { smoothed } from './smoothed.js';
import { type Rows, type Thin, throughRows } from './thin-weights.js';

/** A network whose parameters have names, so that some of them can be frozen. */
type Trained = Architecture & Pick<Model, 'parameters'>;

/** One entry of `values` for each that is trained, in order, and `other` in between. */
function spread<T>(trained: readonly boolean[], values: readonly T[], other: (k: number) => T): T[] {
  const queue = values.values();
  return trained.map((is, k) => (is ? (queue.next().value as T) : other(k)));
}

/** One local step of a client at given weights. */
export interface Stepped {
  readonly loss: Tensor;
  /** w' = w - learningRate factor_t move_t, and this is scale move_t; one per parameter, of the thin ones nothing. */
  readonly moves: readonly Tensor[];
  /** The optimizer's arrays after the step: per parameter as many as it has slots. */
  readonly slots: readonly (readonly Tensor[])[];
  /** The gradient of each thin parameter as a^T d: its inputs, and the errors (times scale with plain SGD). */
  readonly factors: readonly { readonly a: Tensor; readonly d: Tensor }[];
}

/** What a step reads beside the pictures. */
export interface StepAt {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly weights: readonly Tensor[];
  readonly slots: readonly (readonly Tensor[])[];
  readonly corrected: Moment['corrections'];
  readonly scale?: Tensor;
  /** What has been subtracted from the thin parameters, which are as before the first step among the weights. */
  readonly rows?: readonly Rows[];
  /** Zeros, one set for each thin parameter, in which a caller takes derivatives. */
  readonly taps?: readonly Taps[];
}

const still = (weight: Tensor): Tensor => tf.zerosLike(weight);

/**
 * A local step of a client with complete settings as a pure function, differentiable in all its arguments.
 * @param run which step it is, and the client's own seed: for dropout masks
 * @param thin parameters that are carried as rows
 * @param hold lets the inputs of their layers outlive the run in which they came up
 */
export function clientStep(
  model: Trained,
  { optimizer, frozen, labelSmoothing }: ClientSettings,
  run: ForwardOptions = {},
  thin: readonly Thin[] = [],
  hold: (x: Tensor) => Tensor = (x) => x,
) {
  const isThin = new Set(thin.map(({ k }) => k));
  const trained = trainedOf(model, frozen).map((is, k) => is && !isThin.has(k));
  const lossAt = lossOf(model, run, thin, labelSmoothing);
  const { step } = ruleOf(optimizer!);
  const plain = isPlainSgd(optimizer!);
  return ({ x, y, weights, slots, corrected, scale, rows = [], taps }: StepAt): Stepped => {
    const free = weights.filter((_, k) => trained[k]);
    /** All weights, of which the first of `w` are those that are trained whole, the others errors of the thin ones. */
    const loss = (...w: Tensor[]): Lossy =>
      lossAt(
        spread(trained, w, (k) => weights[k]!),
        { x, y, rows, errors: w.slice(free.length), taps },
      );
    // where a thin layer's errors are added: its derivative there is d
    const none = taps
      ? taps.map(({ out }) => out)
      : thin.map(({ perExample, outputs }) => tf.zeros([x.shape[0] * perExample, outputs]));
    const by = scale && plain ? scale : undefined;
    let inputs: readonly Tensor[] = [];
    const { value: last, grads } = tf.valueAndGrads((...w: Tensor[]) => {
      const at = loss(...w);
      // of this run, not of another: then there is one way back through the layers before
      inputs = at.inputs.map(hold);
      // the gradient of a scaled loss: a few numbers are multiplied instead of every weight
      return tf.addN([by ? tf.mul(at.value, by) : at.value, ...at.tapped]) as tf.Scalar;
    })([...free, ...none]);
    const value = by ? loss(...free, ...none).value : last;
    const factors = inputs.map((a, i) => ({ a, d: grads[free.length + i]! }));
    if (by) return { loss: value, moves: spread(trained, grads, (k) => still(weights[k]!)), slots, factors };
    const gradients = spread<Tensor | undefined>(trained, grads, () => undefined);
    const moved = weights.map((weight, k) => {
      const gradient = gradients[k];
      if (!gradient) return { move: still(weight), slots: slots[k]! };
      return step({ gradient, weight, slots: slots[k]!, corrections: corrected });
    });
    const moves = moved.map(({ move }) => (scale ? tf.mul(move, scale) : move));
    return { loss: value, moves, slots: moved.map((m) => m.slots), factors };
  };
}

/** What the loss reads beside the weights. */
interface LossAt extends Pick<StepAt, 'x' | 'y' | 'taps'> {
  readonly rows: readonly Rows[];
  readonly errors: readonly Tensor[];
}

interface Lossy {
  readonly value: tf.Scalar;
  /** Of the thin layers, in order. */
  readonly inputs: readonly Tensor[];
  /** Numbers that are 0, whose derivatives in the layers' values are the taps. */
  readonly tapped: readonly Tensor[];
}

/** The loss, with what layers add to it, at weights of which the thin ones are given as w0, rows and errors. */
function lossOf(model: Trained, run: ForwardOptions, thin: readonly Thin[], labelSmoothing?: number) {
  const at = new Map(thin.map(({ k }, i) => [k, i]));
  return (weights: readonly Tensor[], { x, y, rows, errors, taps }: LossAt): Lossy => {
    const penalties: Tensor[] = [];
    const inputs: Tensor[] = [];
    const tapped: Tensor[] = [];
    let parameter = 0;
    const using: Using = (use, value) => {
      const i = at.get(parameter++);
      if (i === undefined || use.kind !== 'product') return value;
      inputs.push(use.input);
      const [{ a, d, c }, tap] = [rows[i]!, taps?.[i]];
      const h = throughRows(use.input, a, c, tap?.u);
      if (tap) tapped.push(tf.sum(tf.mul(use.input, tap.x)), tf.sum(tf.mul(h, tap.h)));
      const moved = tf.sub(value, tf.matMul(h as Tensor2D, d as Tensor2D));
      return errors[i] ? tf.add(moved, errors[i]) : moved;
    };
    const charge = (penalty: Tensor): number => penalties.push(penalty);
    const logits = forward(model, { ...run, charge, ...(thin.length > 0 && { using }) })(weights, x);
    const loss = crossEntropy(logits, smoothed(y, labelSmoothing));
    return { value: tf.addN([loss, ...penalties]) as tf.Scalar, inputs, tapped };
  };
}

/** What a client's local steps give: one tensor per parameter, and the loss at w0. */
export interface Delta {
  readonly delta: Tensor[];
  readonly loss: Tensor;
}

/**
 * delta(w0, images) = (w0 - w_tau) / learningRate = sum over the local steps of factor_t move_t, where
 * w_{t+1} = w_t - learningRate factor_t move_t and move_t is the optimizer's at w_t on mini-batch t (plain SGD: the
 * gradient). Pure and differentiable with respect to the images, so an attacker can match it; all steps in one graph,
 * which grows with their number. Summing moves instead of subtracting weights loses no digits. A mean of several
 * clients is the mean of theirs.
 * @param secret the client's own seed, of dropout masks that the server does not know; default none: those layers do
 *   nothing
 * @returns a function giving one tensor per parameter and the loss at w0; the caller owns them.
 */
export function localSteps(model: Trained, settings: ClientSettings, secret?: number) {
  const { client } = assumed(settings);
  if (client.clients) return average(model, client.clients, secret);
  const steps = stepsOf(client);
  const stepAt = steps.map((_, t) => clientStep(model, client, { step: t, secret }));
  const none = ruleOf(client.optimizer!).slots;
  return (parameters: readonly Tensor[], images: Tensor, targets: Tensor): Delta => {
    let weights = [...parameters];
    let slots: readonly (readonly Tensor[])[] = weights.map((w) => Array.from({ length: none }, () => tf.zerosLike(w)));
    let delta: Tensor[] | undefined;
    let first: Tensor | undefined;
    for (const [t, { rows, factor }] of steps.entries()) {
      const [x, y] = [pick(images, rows), pick(targets, rows)];
      const corrected = corrections(client.optimizer!, t);
      const { loss, moves, slots: next } = stepAt[t]!({ x, y, weights, slots, corrected });
      first ??= loss;
      slots = next;
      const scaled = factor === 1 ? moves : moves.map((move) => tf.mul(move, factor));
      delta = delta ? delta.map((d, k) => tf.add(d, scaled[k]!)) : [...scaled];
      if (t + 1 < steps.length) weights = weights.map((w, k) => tf.sub(w, tf.mul(scaled[k]!, client.learningRate)));
    }
    return { delta: delta!, loss: first! };
  };
}

function average(model: Trained, clients: NonNullable<ClientSettings['clients']>, secret?: number) {
  const parts = clients.map(({ settings }) => localSteps(model, settings, secret));
  return (parameters: readonly Tensor[], images: Tensor, targets: Tensor): Delta => {
    let from = 0;
    const each = clients.map(({ share, settings: { batchSize } }, c) => {
      const rows = (x: Tensor): Tensor => tf.slice(x, [from], [batchSize]);
      const { delta, loss } = parts[c]!(parameters, rows(images), rows(targets));
      from += batchSize;
      return [loss, ...delta].map((part) => tf.mul(part, share));
    });
    const [loss, ...delta] = each[0]!.map((_, k) => tf.addN(each.map((parts) => parts[k]!)));
    return { delta, loss: loss! };
  };
}

/** Rows of a batch: all, a slice where they follow each other, else a product with a matrix of 0 and 1. */
function pick(x: Tensor, rows: readonly number[] | undefined): Tensor {
  if (!rows) return x;
  const [count, ...shape] = x.shape;
  const [start] = rows;
  if (rows.every((row, i) => row === start! + i))
    return rows.length === count ? x : tf.slice(x, [start!], [rows.length]);
  const chosen = tf.tensor2d(
    rows.flatMap((row) => Array.from({ length: count }, (_, i) => (i === row ? 1 : 0))),
    [rows.length, count],
  );
  return tf.reshape(tf.matMul(chosen, tf.reshape(x, [count, -1]) as Tensor2D), [rows.length, ...shape]);
}

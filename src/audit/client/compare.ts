import { FLOAT32, halfStepsAbout, nearestIn } from '../../core/float-format.js';
import { dot, squaredLength } from '../../core/numbers.js';
import type { Model, NamedArray } from '../../core/types.js';
import { type ClientOptions, clientUpdate, storedIn } from '../../federation/index.js';
import type { Gradients } from '../../models/index.js';
import type { Images } from './neighbours.js';

/** How far a simulated tensor is from the real one. */
export interface TensorCheck {
  readonly name: string;
  /** |simulated after - after| / |after - before|: the error of the update, or of the gradient. */
  readonly ofUpdate: number;
  /** |simulated after - after| / |after|; of a gradient the same as `ofUpdate`. */
  readonly ofWeights: number;
  /** To float precision, see {@link checkClient}. */
  readonly agrees: boolean;
}

/** What a real client did, tensor by tensor. */
export interface Real {
  /** What each weight moved by, or its gradient: of a client whose learning rate is 1. */
  readonly moved: readonly Float32Array[];
  /** Lengths of what was stored in float32: the weights after the round, or the gradient. */
  readonly stored: readonly number[];
  /** What is read off stored weights k of a simulated move; of a gradient the move itself. */
  readonly seen: (moved: Float32Array, k: number) => Float32Array;
  /** What a step may leave besides, where weights are stored in 16 bits: lengths. */
  readonly flips: readonly number[];
  readonly isGradient: boolean;
  /** Whether it was sent: of others nothing is known. */
  readonly sent: readonly boolean[];
}

const lengthOf = (x: Float32Array): number => Math.sqrt(squaredLength(x));

const total = (x: readonly Float32Array[]): number => x.reduce((sum, one) => sum + squaredLength(one), 0);

type Unsent = { readonly unsent?: readonly string[] };

const sentOf = (tensors: readonly NamedArray[], { unsent = [] }: Unsent): boolean[] => {
  const kept = new Set(unsent);
  return tensors.map(({ name }) => !kept.has(name));
};

export function movedBy({ parameters }: Pick<Model, 'parameters'>, round: Pick<Model, 'parameters'> & Unsent): Real {
  const after = round.parameters;
  const formats = storedIn(after);
  const less = (k: number, by: Float32Array): Float32Array => parameters[k]!.data.map((value, i) => value - by[i]!);
  return {
    moved: after.map(({ data }, k) => less(k, data)),
    stored: after.map(({ data }) => lengthOf(data)),
    seen: (moved, k) => (formats[k] === FLOAT32 ? moved : less(k, nearestIn(less(k, moved), formats[k]!))),
    flips: after.map(({ data }, k) =>
      formats[k] === FLOAT32 ? 0 : FLIPS * lengthOf(halfStepsAbout(data, formats[k]!)),
    ),
    isGradient: false,
    sent: sentOf(parameters, round),
  };
}

export const gradientOf = ({ tensors, ...round }: Gradients): Real => ({
  moved: tensors.map(({ data }) => data),
  stored: tensors.map(({ data }) => lengthOf(data)),
  seen: (moved) => moved,
  flips: tensors.map(() => 0),
  isGradient: true,
  sent: sentOf(tensors, round),
});

/** Float32 steps of the client and of the simulation: relative error of the update that they may leave. */
export const OF_UPDATE = 1e-3;
/** Rounding of the stored weights. */
const OF_WEIGHTS = 2.5e-7;
/** Half steps of 16-bit weights, a local step: what comes out on the other side of a midpoint. */
const FLIPS = 0.25;
/** Rounding beside the whole update: what a tensor moves by whose gradient is 0 but for it. */
const OF_WHOLE = 1e-6;

export interface Compared {
  readonly tensors: readonly (TensorCheck & { readonly off: number })[];
  /** What each simulated weight that was sent moved by. */
  readonly moved: readonly Float32Array[];
  /** <simulated, real> / <simulated, simulated> of the updates: the learning rate would be so many times larger. */
  readonly scale: number;
  /** Of the angle between the updates; NaN where one of them is zero. */
  readonly cosine: number;
  /** Of the same angle: 0 the same direction, 1 a right angle or more. */
  readonly sine: number;
}

/** A client with what it trains: the network may be another than the real one's, the names of its tensors not. */
export interface Trial {
  readonly model: Model;
  readonly client: ClientOptions;
  readonly batch: Images;
}

/** A client compared with the real one, as far as rounding (of Adam, of sure networks) leaves something to compare. */
export async function measured({ model, client, batch }: Trial, real: Real): Promise<Compared> {
  const given = await compared({ model, client, batch }, real);
  if (furthest(given.tensors).agrees) return given;
  if (isAdaptive(client))
    return withRounding(given, await compared({ model, client, batch: nudged(batch) }, real), ROUNDING);
  if (!real.isGradient || given.sine > NOISE) return given;
  const other = await compared({ model, client, batch: relabelled(batch, model.classes) }, real);
  const moved = Math.hypot(...given.moved.map((one, k) => apart(one, other.moved[k]!)));
  return OF_ERRORS * moved > NOISE * Math.sqrt(total(given.moved)) ? given : withRounding(given, other, OF_ERRORS);
}

/** Errors P - Y of a network that is sure of its labels are as small as the rounding of P, of about 1, leaves them. */
const OF_ERRORS = 1.2e-7;
/** Where so much of a gradient may be rounding, nothing is told of its client. */
const NOISE = 0.3;

/** Errors P - Y that differ by about 1: what those of a rounding's size move is so many times less. */
const relabelled = ({ images, labels }: Images, classes: number): Images => ({
  images,
  labels: labels.map((label) => (label + 1) % classes),
});

const isAdaptive = ({ optimizer = 'sgd' }: ClientOptions): boolean =>
  (typeof optimizer === 'string' ? optimizer : optimizer.kind) !== 'sgd';

/** The batch, changed by less than rounding does. */
const nudged = ({ images, labels }: Images): Images => ({
  labels,
  images: { ...images, data: images.data.map((x) => x * (1 - 1e-6)) },
});

/**
 * Adam divides gradients by their size: where they are nothing but rounding (the bias of keys in attention), so are
 * its moves, and two clients differ there however alike they are. What a change of the images below rounding moves is
 * left out of account, four times; of gradients what rounded errors do, see {@link relabelled}.
 */
const withRounding = (given: Compared, other: Compared, times: number): Compared => ({
  ...given,
  tensors: given.tensors.map((tensor, k) => ({
    ...tensor,
    agrees: tensor.agrees || apart(given.moved[k]!, other.moved[k]!) * times >= tensor.off,
  })),
});

const ROUNDING = 4;

const apart = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));

async function compared({ model, client, batch }: Trial, given: Real): Promise<Compared> {
  const { moved: really, stored, sent } = given;
  const { tensors, client: resolved } = await clientUpdate(model, batch, client);
  const all = tensors.map(({ data }) => data.map((d) => d * resolved.learningRate));
  const [moved, real] = [all, really].map((of) => of.filter((_, k) => sent[k])) as [Float32Array[], Float32Array[]];
  const both = moved.reduce((sum, one, k) => sum + dot(one, real[k]!), 0);
  const [square, whole2] = [total(moved), total(real)];
  const whole = Math.sqrt(whole2);
  const cosine = both / Math.sqrt(square * whole2);
  return {
    moved,
    tensors: tensors.flatMap(({ name }, k) => {
      if (!sent[k]) return [];
      const rounding = OF_WEIGHTS * stored[k]! + OF_WHOLE * whole + given.flips[k]! * resolved.localSteps;
      return [checkOf(name, apart(given.seen(all[k]!, k), really[k]!), lengthOf(really[k]!), stored[k]!, rounding)];
    }),
    scale: square > 0 ? both / square : Number.NaN,
    cosine,
    sine: Number.isFinite(cosine) && cosine > 0 ? Math.sqrt(Math.max(0, 1 - cosine ** 2)) : 1,
  };
}

const checkOf = (name: string, off: number, update: number, weights: number, rounding: number) => ({
  off,
  name,
  ofUpdate: off / Math.max(update, rounding, 1e-30),
  ofWeights: off / Math.max(weights, 1e-30),
  agrees: off <= OF_UPDATE * update + rounding,
});

export const furthest = <T extends TensorCheck>(tensors: readonly T[]): T =>
  tensors.reduce((a, b) => ((Number(b.agrees) - Number(a.agrees) || a.ofUpdate - b.ofUpdate) < 0 ? b : a));

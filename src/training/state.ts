import type { HeldCheckpoint } from '../assets/index.js';
import type { NamedArray, NdArray } from '../core/types.js';
import { type Plan, rateOf } from './training-plan.js';
import type { FitOptions, FitPoint } from './types.js';

/** The complete state between two steps: everything a killed run needs to end at the same bits. */
export interface State {
  readonly step: number;
  readonly parameters: readonly NamedArray[];
  readonly slots: readonly (readonly Float32Array[])[];
  /** Per parameter the decayed sum of its values, see {@link averagedOf}; empty without an average. */
  readonly trail: readonly Float32Array[];
  /** Sums of the losses since the epoch began. */
  readonly sums: Readonly<Record<string, number>>;
  readonly history: readonly FitPoint[];
  readonly seconds: number;
}

/** Every parameter after one step of the optimizer. */
export function move(
  state: State,
  gradients: readonly NdArray[],
  plan: Plan,
): Pick<State, 'parameters' | 'slots' | 'trail'> {
  const rate = rateOf(plan, state.step);
  const shrink = plan.clip === Number.POSITIVE_INFINITY ? 1 : Math.min(1, plan.clip / norm(gradients));
  const moved = state.parameters.map(({ data, shape }, k) => {
    const g = gradients[k]!.data;
    const gradient = shrink < 1 ? g.map((value) => value * shrink) : g;
    const at = { x: data, gradient, slots: state.slots[k]!, rate, t: state.step + 1, decays: shape.length > 1 };
    return plan.optimizer.step(at);
  });
  const parameters = state.parameters.map(({ name, shape }, k) => ({ name, shape, data: moved[k]!.x }));
  const { average } = plan;
  const trail = state.trail.map((sum, k) => {
    const now = moved[k]!.x;
    return sum.map((value, i) => average * value + (1 - average) * now[i]!);
  });
  return { parameters, slots: moved.map(({ slots }) => slots), trail };
}

/** The running mean of the weights after `step` steps: the decayed sum over its weights', 1 - decay^step. */
export function averagedOf({ parameters, trail, step }: State, { average }: Plan): readonly NamedArray[] | undefined {
  if (trail.length === 0 || step === 0) return undefined;
  const total = 1 - average ** step;
  return parameters.map(({ name, shape }, k) => ({ name, shape, data: trail[k]!.map((value) => value / total) }));
}

const norm = (arrays: readonly NdArray[]): number =>
  Math.sqrt(arrays.reduce((sum, { data }) => sum + data.reduce((part, g) => part + g * g, 0), 0));

const slotName = (slot: number, name: string): string => `slot ${slot} of ${name}`;
const trailName = (name: string): string => `average of ${name}`;

/** Writes the whole state, atomically. */
export const save = (
  held: HeldCheckpoint,
  { settings }: Plan,
  { parameters, slots, trail, ...numbers }: State,
): Promise<void> => {
  const kept = parameters.flatMap((p, k) =>
    slots[k]!.map((data, slot) => ({ name: slotName(slot, p.name), shape: p.shape, data })),
  );
  const means = trail.map((data, k) => ({ name: trailName(parameters[k]!.name), shape: parameters[k]!.shape, data }));
  return held.save({ settings, state: { arrays: [...parameters, ...kept, ...means], numbers: { ...numbers } } });
};

/** The state of the checkpoint, or the start. @throws a damaged file, one of other settings */
export async function restore(
  { parameters }: FitOptions,
  { settings, optimizer, average }: Plan,
  held?: HeldCheckpoint,
): Promise<State> {
  const state = await held?.load(settings);
  const zeros = parameters.map(({ data }) =>
    Array.from({ length: optimizer.slots }, () => new Float32Array(data.length)),
  );
  const trail = average > 0 ? parameters.map(({ data }) => new Float32Array(data.length)) : [];
  if (!state) return { step: 0, parameters, slots: zeros, trail, sums: {}, history: [], seconds: 0 };
  const byName = new Map(state.arrays.map((array) => [array.name, array]));
  return {
    ...(state.numbers as unknown as Omit<State, 'parameters' | 'slots'>),
    parameters: parameters.map(({ name }) => byName.get(name)!),
    slots: parameters.map(({ name }, k) => zeros[k]!.map((_, slot) => byName.get(slotName(slot, name))!.data)),
    trail: trail.map((_, k) => byName.get(trailName(parameters[k]!.name))!.data),
  };
}

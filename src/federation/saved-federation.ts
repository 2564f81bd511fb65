import type { HeldCheckpoint } from '../assets/index.js';
import type { Model, NamedArray } from '../core/types.js';

/** One point of a federation's curve. */
export interface RoundPoint {
  /** From 1. */
  readonly round: number;
  /** Mean loss of the cohort's local steps. */
  readonly loss: number;
  readonly seconds: number;
  /** Share of right answers on test images, when this round was evaluated. */
  readonly accuracy?: number;
}

/** The complete state between two rounds: everything a killed run needs to end at the same bits. */
export interface FederationState {
  readonly round: number;
  readonly weights: readonly NamedArray[];
  readonly momentum: readonly NamedArray[];
  readonly history: readonly RoundPoint[];
  readonly seconds: number;
}

type Settings = Readonly<Record<string, unknown>>;

export const begin = (model: Model): FederationState => ({
  round: 0,
  weights: model.parameters,
  momentum: model.parameters.map((p) => ({ ...p, data: new Float32Array(p.data.length) })),
  history: [],
  seconds: 0,
});

const slotName = (name: string): string => `momentum of ${name}`;

/** Writes the whole state, atomically. */
export const saveFederation = (held: HeldCheckpoint, settings: Settings, state: FederationState): Promise<void> => {
  const { weights, momentum, ...numbers } = state;
  const kept = momentum.map((m) => ({ ...m, name: slotName(m.name) }));
  return held.save({ settings, state: { arrays: [...weights, ...kept], numbers: { ...numbers } } });
};

/** The state of a checkpoint file, or undefined without one. @throws a damaged file, one of other settings */
export async function restoreFederation(
  held: HeldCheckpoint | undefined,
  settings: Settings,
  model: Model,
): Promise<FederationState | undefined> {
  const state = await held?.load(settings);
  if (!state) return undefined;
  const byName = new Map(state.arrays.map((array) => [array.name, array]));
  return {
    ...(state.numbers as unknown as Omit<FederationState, 'weights' | 'momentum'>),
    weights: model.parameters.map(({ name }) => byName.get(name)!),
    momentum: model.parameters.map(({ name }) => ({ ...byName.get(slotName(name))!, name })),
  };
}

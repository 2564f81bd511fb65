import type { RogOptions } from '../attacks/index.js';
import { rog } from '../attacks/index.js';
import { nearest, problem } from '../core/errors.js';
import type { Model, Observation, Reconstruction } from '../core/types.js';
import { lenet, type NetworkOptions, resnet18, vgg7 } from '../models/index.js';

/** Networks by name, for command lines and studies. */
export const MODELS = { lenet, vgg7, resnet18 } satisfies Record<string, (options: NetworkOptions) => Model>;

/** Attacks by name. Options must be plain data, so that a job can go to a worker. */
export const ATTACKS = {
  rog,
  'rog-paper': (observation, options) => rog(observation, { ...options, preset: 'paper' }),
} satisfies Record<string, (observation: Observation, options: RogOptions) => Promise<Reconstruction>>;

export type ModelName = keyof typeof MODELS;
export type AttackName = keyof typeof ATTACKS;

/** The entry of a table, or an error that names the nearest one. */
export function lookUp<T extends object>(what: string, table: T, name: string): T[keyof T] {
  if (Object.hasOwn(table, name)) return table[name as keyof T];
  const names = Object.keys(table);
  const near = nearest(name, names);
  throw problem(what, `must be one of ${names.join(', ')}`, name, near && `did you mean ${near}?`);
}

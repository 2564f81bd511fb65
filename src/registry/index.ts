import {
  ANALYTIC_NEEDS,
  analytic,
  CLOSED_FORM_NEEDS,
  CLOSED_FORM_OPTIONS,
  type ClosedFormOptions,
  closedForm,
  DLG_NEEDS,
  DLG_OPTIONS,
  type DlgOptions,
  dlg,
  GRAD_INVERSION_NEEDS,
  GRAD_INVERSION_OPTIONS,
  type GradInversionOptions,
  gradInversion,
  IDLG_NEEDS,
  INVERTING_GRADIENTS_NEEDS,
  INVERTING_GRADIENTS_OPTIONS,
  type InvertingGradientsOptions,
  idlg,
  invertingGradients,
  type Needs,
  ROG_NEEDS,
  ROG_OPTIONS,
  ROGS_NEEDS,
  ROGS_OPTIONS,
  type RogOptions,
  type RogsOptions,
  RUN_OPTIONS,
  type RunOptions,
  rog,
  rogs,
} from '../attacks/index.js';
import { nearest, problem } from '../core/errors.js';
import type { AnyTable } from '../core/option-table.js';
import type { Model, Observation, Reconstruction } from '../core/types.js';
import {
  alexnet,
  lenet,
  lenet5,
  mobilenetV2,
  type NetworkOptions,
  paperResnet18,
  resnet18,
  resnet34,
  vgg7,
  vgg11,
  vit,
} from '../models/index.js';

/** Networks by name, for command lines and studies: the paper's, then the usual ones. */
export const MODELS = {
  lenet,
  vgg7,
  paperResnet18,
  lenet5,
  alexnet,
  vgg11,
  resnet18,
  resnet34,
  mobilenetV2,
  vit,
} satisfies Record<string, (options: NetworkOptions) => Model>;

/** Attacks by name, oldest first. Options must be plain data, so that a job can go to a worker. */
export const ATTACKS = {
  analytic,
  dlg,
  idlg,
  invertingGradients,
  gradInversion,
  'rog-paper': (observation: Observation, options: RogOptions = {}) =>
    rog(observation, { ...options, preset: 'paper' }),
  rog,
  closedForm,
  rogs,
} satisfies Record<string, (observation: Observation, options: never) => Promise<Reconstruction>>;

export type ModelName = keyof typeof MODELS;
export type AttackName = keyof typeof ATTACKS;

/** What each attack needs of an observation; it refuses one that does not offer it. */
export const NEEDS: Readonly<Record<AttackName, Needs>> = {
  analytic: ANALYTIC_NEEDS,
  dlg: DLG_NEEDS,
  idlg: IDLG_NEEDS,
  invertingGradients: INVERTING_GRADIENTS_NEEDS,
  gradInversion: GRAD_INVERSION_NEEDS,
  'rog-paper': ROG_NEEDS,
  rog: ROG_NEEDS,
  closedForm: CLOSED_FORM_NEEDS,
  rogs: ROGS_NEEDS,
};

const { preset: _, ...PAPER_OPTIONS } = ROG_OPTIONS;

/** What each attack can be told: kind, range, default and the form of every option. */
export const OPTIONS: Readonly<Record<AttackName, AnyTable>> = {
  analytic: RUN_OPTIONS,
  dlg: DLG_OPTIONS,
  idlg: DLG_OPTIONS,
  invertingGradients: INVERTING_GRADIENTS_OPTIONS,
  gradInversion: GRAD_INVERSION_OPTIONS,
  'rog-paper': PAPER_OPTIONS,
  rog: ROG_OPTIONS,
  closedForm: CLOSED_FORM_OPTIONS,
  rogs: ROGS_OPTIONS,
};

export type AttackOptions =
  | RunOptions
  | DlgOptions
  | InvertingGradientsOptions
  | GradInversionOptions
  | RogOptions
  | RogsOptions
  | ClosedFormOptions;

/** The attack of a name, for options that are only known at run time; the attack refuses those it does not know. */
export const attackBy = (
  name: AttackName,
): ((observation: Observation, options: AttackOptions) => Promise<Reconstruction>) =>
  lookUp('attack', ATTACKS, name) as (observation: Observation, options: AttackOptions) => Promise<Reconstruction>;

/** The entry of a table, or an error that names the nearest one. */
export function lookUp<T extends object>(what: string, table: T, name: string): T[keyof T] {
  if (Object.hasOwn(table, name)) return table[name as keyof T];
  const names = Object.keys(table);
  const near = nearest(name, names);
  throw problem(what, `must be one of ${names.join(', ')}`, name, near && `did you mean ${near}?`);
}

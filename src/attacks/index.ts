export { ANALYTIC_NEEDS, analytic } from './analytic.js';
export {
  CLOSED_FORM_NEEDS,
  CLOSED_FORM_OPTIONS,
  type ClosedFormOptions,
  closedForm,
  closedFormStages,
  closedFormSteps,
  type Stages,
} from './closed-form/index.js';
export { expectedSsim } from './confidence/expected.js';
export type { Signs } from './confidence/signs.js';
export { DLG_NEEDS, DLG_OPTIONS, type DlgOptions, dlg, IDLG_NEEDS, idlg } from './dlg.js';
export type { GradInversionOptions } from './grad-inversion.js';
export { GRAD_INVERSION_NEEDS, GRAD_INVERSION_OPTIONS, gradInversion } from './grad-inversion.js';
export { type InferredLabels, inferLabels, LABEL_RULES, type LabelRule } from './infer-labels.js';
export {
  INVERTING_GRADIENTS_NEEDS,
  INVERTING_GRADIENTS_OPTIONS,
  type InvertingGradientsOptions,
  invertingGradients,
  invertingGradientsSteps,
} from './inverting-gradients.js';
export { type RestoreOptions, restore } from './restore.js';
export { ROG_NEEDS, ROG_OPTIONS, type RogOptions, rog, rogSteps } from './rog.js';
export { ROGS_NEEDS, ROGS_OPTIONS, type RogsOptions, rogs, rogsSteps } from './rogs.js';
export type { Needs } from './search/needs.js';
export type { ObjectiveName } from './search/objectives.js';
export { RUN_OPTIONS, type RunOptions } from './search/recipe.js';
export { throughBottleneck } from './through-bottleneck.js';

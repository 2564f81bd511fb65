export { analytic } from './analytic.js';
export { type DlgOptions, dlg, dlgSteps, idlg, idlgSteps } from './dlg.js';
export { type GradInversionOptions, gradInversion, gradInversionSteps } from './grad-inversion.js';
export {
  type InvertingGradientsOptions,
  invertingGradients,
  invertingGradientsSteps,
} from './inverting-gradients.js';
export { type InferredLabels, inferLabels } from './labels.js';
export type { ObjectiveName } from './objectives.js';
export type { RunOptions } from './recipe.js';
export { type RestoreOptions, restore } from './restore.js';
export { type RogOptions, rog, rogSteps } from './rog.js';

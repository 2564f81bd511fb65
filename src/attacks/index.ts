export { analytic } from './analytic.js';
export { type DlgOptions, dlg, dlgSteps } from './dlg.js';
export { type InferredLabels, inferLabels } from './labels.js';
export type { ObjectiveName } from './objectives.js';
export type { RunOptions } from './recipe.js';
export { type RogOptions, rog, rogSteps } from './rog.js';

export { CLOSED_FORM_NEEDS, closedForm, closedFormSteps } from './closed-form.js';
export { CLOSED_FORM_OPTIONS, type ClosedFormOptions } from './closed-form-options.js';
export { closedFormStages, type Stages } from './stages.js';

export { CLOSED_FORM_NEEDS, type ClosedFormOptions, closedForm, closedFormSteps } from './closed-form.js';
export { closedFormStages, type Stages } from './stages.js';

export { type ClosedFormOptions, closedForm, closedFormSteps } from './closed-form.js';

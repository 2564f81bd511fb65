export {
  CLOSED_FORM_NEEDS,
  CLOSED_FORM_OPTIONS,
  type ClosedFormOptions,
  closedForm,
  closedFormSteps,
} from './closed-form.js';
export { closedFormStages, type Stages } from './stages.js';

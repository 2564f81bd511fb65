/** Attacks: an observation in, a reconstruction out; labels; what each attack needs. */
export {
  analytic,
  closedForm,
  closedFormStages,
  dlg,
  expectedSsim,
  gradInversion,
  idlg,
  inferLabels,
  invertingGradients,
  restore,
  rog,
  rogSteps,
  rogs,
  rogsSteps,
  throughBottleneck,
} from '../attacks/index.js';
export { ATTACKS, NEEDS } from '../registry/index.js';

/** Attacks: an observation in, a reconstruction out. */
export { analytic, closedForm, dlg, gradInversion, idlg, invertingGradients, rog, rogs } from '../attacks/index.js';

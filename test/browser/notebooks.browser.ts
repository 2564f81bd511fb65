/** Jupyter's other front ends, beside JupyterLab's own tests: their waiting overlaps. */
import { after, before } from 'node:test';
import { testFrontEnd } from './front-end-tests.js';
import { clear, openStage, type Stage, skip } from './harness.js';

if (skip) console.log(`SKIPPED, no browser test: ${skip}`);

const folder = 'results/browser/notebooks';
let stage: Stage;
before(async () => {
  if (skip) return;
  clear(folder);
  stage = await openStage(undefined, 8970);
});
after(() => stage?.end());

testFrontEnd('Notebook 7', folder, () => stage);
testFrontEnd('classic Notebook', folder, () => stage);

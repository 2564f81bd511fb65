/** A small training that a test kills: `killed.js CHECKPOINT OUT`. */
import { start } from '../../src/engine/index.js';
import { saveWeights } from '../../src/models/index.js';
import { federate } from '../../src/studies/index.js';
import { fourClients, smallData, smallModel } from './small.js';

const [checkpoint, out] = process.argv.slice(2) as [string, string];
await start({ threads: 1 });
const { model } = await federate(smallModel, await smallData(), fourClients, {
  ...{ rounds: 60, cohort: 3, localSteps: 2, batchSize: 8, learningRate: 0.05, serverMomentum: 0.5 },
  ...{ phi: 'noise:-3', workers: 0, finalImages: 10, checkpoint, checkpointSeconds: 0 },
});
await saveWeights(out, model);
process.exit();

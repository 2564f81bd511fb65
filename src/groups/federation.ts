/** A federation: the client, what the server sees of it, the server, rounds; what clients keep between rounds. */
export {
  applyUpdate,
  averageUpdates,
  batchNormThreat,
  clientUpdate,
  localSteps,
  observe,
  observeSum,
  partition,
  updateFrom,
  updateFromGradients,
} from '../federation/index.js';
export { remembered, warmStart } from '../obfuscation/index.js';
export { federate } from '../studies/index.js';

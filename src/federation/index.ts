export { checkSettings } from './check-settings.js';
export { CLIENT_OPTIONS, CLIENT_TABLE, type ClientOptions } from './client-options.js';
export {
  type Assumed,
  assumed,
  clientSettings,
  stepCountOf,
  stepsOf,
  unrolls,
} from './client-settings.js';
export { clientUpdate, simulatedUpdate } from './client-update.js';
export { direction } from './direction.js';
export { type ClientWork, type Federated, federatedRounds } from './federated-rounds.js';
export { cohortOf, type FederationOptions, localSettings, type RoundProgress } from './federation-plan.js';
export { trainedOf } from './frozen.js';
export { iterated, secondsOf } from './iterated.js';
export type { Cost, Iterated } from './iterated-type.js';
export { localSteps } from './local-steps.js';
export {
  type LocalResult,
  type LocalSettings,
  type LocalTask,
  type LocalTrainer,
  localTrainer,
} from './local-training.js';
export { type ObserveOptions, observe } from './observe.js';
export { type ObserveSumOptions, observeSum } from './observe-sum.js';
export { type PartitionOptions, partition } from './partition.js';
export { pick } from './picked-rows.js';
export { isAccounted, multiplierOf } from './private-settings.js';
export { privateStep } from './private-step.js';
export type { RoundPoint } from './saved-federation.js';
export { applyUpdate, averageUpdates } from './server.js';
export { type BatchNormThreat, batchMoments, batchNormThreat, knownMoments, tellsMoments } from './statistics.js';
export { type UpdateFromOptions, updateFrom } from './update-from.js';

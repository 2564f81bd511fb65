export { type ClientOptions, clientSettings, clientUpdate } from './client-update.js';
export { localSteps } from './local-steps.js';
export { type ObserveOptions, observe } from './observe.js';
export { applyUpdate, averageUpdates } from './server.js';

/** The engine: tensorflow.js, steps compiled from it, what is installed. */
export { backends, compile, providers, start, tf } from '../engine/index.js';

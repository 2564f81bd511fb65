/** The door to tensorflow.js, as it comes. Everything outside `engine/` takes {@link file://./tf.ts} instead. */
export * from '@tensorflow/tfjs-core';

/** What native libraries read from the process's environment when they are loaded. */
import { isMainThread } from 'node:worker_threads';

/** NVIDIA's libraries round the operands of float32 products to 10 bits (TensorFloat-32) unless this is 0. */
const TF32 = 'NVIDIA_TF32_OVERRIDE';

/**
 * Sets TensorFloat-32 on or off for the whole process, before the first session on a GPU: afterwards nothing changes
 * it. A worker thread cannot: native code does not see its environment. ROGLAB_TF32=1 turns it on for all threads.
 * @returns whether it is as wished
 */
export function setTf32(on: boolean, env: NodeJS.ProcessEnv = process.env, main = isMainThread): boolean {
  if (main && on && env[TF32] === '0') delete env[TF32];
  if (main && !on) env[TF32] = '0';
  return (env[TF32] !== '0') === on;
}

/** TensorFlow's settings, which it reads when it is loaded. A user's own values stay. */
const TENSORFLOW = {
  // Its processor's features and its plans go to the terminal unless it is told to keep to errors.
  TF_CPP_MIN_LOG_LEVEL: '2',
  // oneDNN's kernels of 2.21 write outside their arrays in the second-order steps of a narrow ResNet-18: wrong numbers
  // or a crash in 17 of 24 runs, none of 26 without them.
  TF_ENABLE_ONEDNN_OPTS: '0',
} as const;

/** Sets what {@link TENSORFLOW} says for the whole process, before the library is loaded; a worker thread cannot. */
export function prepareTensorflow(env: NodeJS.ProcessEnv = process.env, main = isMainThread): void {
  if (main) for (const [name, value] of Object.entries(TENSORFLOW)) env[name] ??= value;
}

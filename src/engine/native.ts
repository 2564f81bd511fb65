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

/** TensorFlow writes its processor's features and its plans to the terminal unless told to keep to errors. */
export function quietTensorflow(env: NodeJS.ProcessEnv = process.env, main = isMainThread): void {
  if (main) env.TF_CPP_MIN_LOG_LEVEL ??= '2';
}

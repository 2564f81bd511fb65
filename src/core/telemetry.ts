import { isMainThread } from 'node:worker_threads';

/** Read by ONNX Runtime when it is loaded, from the process's own environment. */
const SWITCH = 'ORT_DISABLE_TELEMETRY';

/**
 * Turns off what a native library would report about this machine: ONNX Runtime keeps a device id and events under the
 * user's cache and looks up a collector. Before it is loaded, in every process; child processes and worker threads
 * inherit it.
 * @returns whether it is off. In a worker thread the environment is a copy that native code does not see: there it is
 * off only if the thread that started it had turned it off.
 */
export function telemetryOff(env: NodeJS.ProcessEnv = process.env, main = isMainThread): boolean {
  if (main) env[SWITCH] = '1';
  return env[SWITCH] === '1';
}

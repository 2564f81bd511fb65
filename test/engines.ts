/** Runs numeric tests on every engine of this machine and says which is absent. */
import { test } from 'node:test';
import { type AddedEngine, type Session, type StartOptions, start } from '../src/engine/index.js';
import { requireFrom } from '../src/engine/installed.js';

export type EngineName = 'compiled' | 'wasm' | 'cpu' | 'tensorflow' | 'tensorflow-gpu';

const engines: Record<EngineName, { needs?: string; options: StartOptions }> = {
  compiled: { needs: 'onnxruntime-node', options: { backend: 'wasm', compiled: 'on' } },
  wasm: { options: { backend: 'wasm', compiled: 'off' } },
  cpu: { options: { backend: 'cpu', compiled: 'off' } },
  tensorflow: { needs: '@tensorflow/tfjs-node', options: { backend: 'tensorflow', compiled: 'off' } },
  'tensorflow-gpu': { needs: '@tensorflow/tfjs-node-gpu', options: { backend: 'tensorflow-gpu', compiled: 'off' } },
};

const { ROGLAB_BACKEND, ROGLAB_ENGINE } = process.env;

/** Why an engine cannot run here, or undefined. */
function absence(name: EngineName): string | undefined {
  const { needs, options } = engines[name];
  if (ROGLAB_BACKEND && ROGLAB_BACKEND !== options.backend) return `ROGLAB_BACKEND is ${ROGLAB_BACKEND}`;
  if (ROGLAB_ENGINE && (ROGLAB_ENGINE === 'compiled') !== (name === 'compiled'))
    return `ROGLAB_ENGINE is ${ROGLAB_ENGINE}`;
  if (!needs) return undefined;
  try {
    requireFrom(name as AddedEngine).resolve(needs);
    return undefined;
  } catch {
    return `${needs} is not installed`;
  }
}

/**
 * Calls `body` for each engine of this machine; an absent one shows as a skipped test. `setup` starts the engine.
 * @param only engines to consider; default: all, the quickest last: tests that follow in the file go on with it
 * @example forEachEngine((name, setup) => test(`loss on ${name}`, async () => { await setup(); ... }));
 */
export function forEachEngine(
  body: (name: EngineName, setup: () => Promise<Session>) => void,
  only: readonly EngineName[] = ['tensorflow-gpu', 'tensorflow', 'cpu', 'wasm', 'compiled'],
): void {
  for (const name of only) {
    const why = absence(name);
    if (why) test(`engine ${name}`, { skip: why }, () => {});
    else body(name, () => start(engines[name].options));
  }
}

/** The engines that run tfjs op by op, for tests of single ops. */
export const eagerEngines: readonly EngineName[] = ['tensorflow-gpu', 'tensorflow', 'cpu', 'wasm'];

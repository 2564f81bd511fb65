import { loadNative } from './load-native.js';

/** Names of the backends, fastest first. */
export const BACKEND_NAMES = ['tensorflow-gpu', 'tensorflow', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

interface Candidate {
  /** Name under which tensorflow.js knows it. */
  readonly registered: string;
  readonly load: () => Promise<unknown>;
}

/** How each backend is loaded; a load that fails says why. */
export const candidates: Readonly<Record<BackendName, Candidate>> = {
  'tensorflow-gpu': { registered: 'tensorflow', load: async () => loadNative('tensorflow-gpu') },
  tensorflow: { registered: 'tensorflow', load: async () => loadNative('tensorflow') },
  wasm: { registered: 'wasm', load: () => import('./wasm.js') },
  cpu: { registered: 'cpu', load: () => import('./cpu.js') },
};

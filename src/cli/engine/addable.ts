import type { AddedEngine } from '../../engine/index.js';
import { addCuda } from './cuda.js';
import type { Site } from './steps.js';
import { addTensorflow } from './tensorflow.js';

/** An engine that can be added. */
export interface Addable {
  readonly about: string;
  /** How much comes over the network, how much stays, how long it takes on two cores. */
  readonly cost: string;
  /** Bytes that must be free on the way. */
  readonly room: number;
  readonly add: (engine: AddedEngine, site: Site) => Promise<void>;
}

/** name -> what `engine add` does for it */
export const ENGINES: Readonly<Record<AddedEngine, Addable>> = {
  tensorflow: {
    about: 'steps that are not compiled, on TensorFlow: several times as fast as the default',
    cost: '300 MB to fetch, 1.2 GB on disk, two minutes',
    room: 2.6e9,
    add: addTensorflow,
  },
  'tensorflow-gpu': {
    about: 'the same on an NVIDIA card',
    cost: '3.5 GB to fetch, 8 GB on disk, ten minutes',
    room: 14e9,
    add: addTensorflow,
  },
  cuda: {
    about: 'compiled steps on an NVIDIA card: provider=cuda',
    cost: '2 GB to fetch, 4 GB on disk, five minutes',
    room: 7e9,
    add: addCuda,
  },
  webgpu: {
    about: 'compiled steps on any card with a Vulkan driver: provider=webgpu',
    cost: 'nothing to install but the Vulkan loader of the system',
    room: 0,
    add: async () => {},
  },
};

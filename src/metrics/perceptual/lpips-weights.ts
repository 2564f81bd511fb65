import { assetOf, type DownloadProgress, fetchTorch, torchCached } from '../../assets/index.js';
import { checkFinite } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import type { NamedArray, NdArray } from '../../core/types.js';
import { fromTorchOrder } from '../../models/index.js';
import type { TrunkName, TrunkTensor } from './trunks.js';
import { TRUNKS, trunkTensors } from './trunks.js';

/** The parts of LPIPS: the trunk's tensors by torchvision's names and axis order, and the linear weights. */
export interface LpipsWeights {
  readonly trunk: readonly NamedArray[];
  /** `lin0.model.1.weight` [1, c, 1, 1] and so on. */
  readonly linear: readonly NamedArray[];
}

/** How official weights are fetched. */
export interface WeightOptions {
  /** Folder of downloaded files; default the library's cache. */
  readonly cache?: string;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

/** The channel weights of LPIPS: one [c] per layer, in the authors' file `linK.model.1.weight` [1, c, 1, 1]. */
export const linearTensors = (channels: readonly number[]): TrunkTensor[] =>
  channels.map((c, k) => ({ name: `lin${k}.model.1.weight`, shape: [c] }));

/**
 * The tensors of a PyTorch file in the order and layout in which a trunk uses them.
 * @throws a tensor that is missing or of another shape, by name; NaN and infinite weights
 */
export function inOrder(where: string, given: readonly NamedArray[], wanted: readonly TrunkTensor[]): NdArray[] {
  const byName = new Map(given.map((tensor) => [tensor.name, tensor]));
  const found = wanted.map(({ name, shape }) => {
    const tensor = byName.get(name);
    if (!tensor) {
      const fix = 'is it the checkpoint of another network?';
      throw problem(where, `must have a tensor ${name}`, [...byName.keys()], fix);
    }
    const theirs = torchShape(shape, tensor.shape.length);
    if (String(tensor.shape) !== String(theirs)) throw problem(where, `${name} must be [${theirs}]`, tensor.shape);
    return { name, shape, data: shape.length === 4 ? fromTorchOrder({ shape }, tensor.data) : tensor.data };
  });
  checkFinite(where, found);
  return found;
}

/** [h, w, in, out] is [out, in, h, w] there; channel weights [c] may be [1, c, 1, 1] of a 1x1 convolution. */
const torchShape = (shape: readonly number[], rank: number): readonly number[] =>
  shape.length === 4 ? [shape[3]!, shape[2]!, shape[0]!, shape[1]!] : rank === 4 ? [1, ...shape, 1, 1] : shape;

/** The assets of a network: torchvision's checkpoint and the authors' linear weights. */
const assets = (net: TrunkName) => [assetOf(`torchvision-${net}`), assetOf(`lpips-${net}`)] as const;

const trunkNames = (net: TrunkName): string[] => trunkTensors(TRUNKS[net]).tensors.map(({ name }) => name);

export async function hasOfficialWeights(net: TrunkName, cache?: string): Promise<boolean> {
  const [trunk, linear] = assets(net);
  const options = { cache };
  return (await torchCached(trunk, { ...options, names: trunkNames(net) })) && torchCached(linear, options);
}

/** The official weights, from the cache or downloaded: of the trunk its convolutions only. */
export async function officialWeights(net: TrunkName, options: WeightOptions = {}): Promise<LpipsWeights> {
  const [trunk, linear] = assets(net);
  return {
    trunk: await fetchTorch(trunk, { ...options, names: trunkNames(net) }),
    linear: await fetchTorch(linear, options),
  };
}

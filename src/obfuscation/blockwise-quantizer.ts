import { rounded } from '../core/evidence.js';
import { checked, type OptionTable, whole, word } from '../core/option-table.js';
import type { Obfuscation } from '../core/types.js';
import { CODEBOOKS, type CodebookName, nearestIndex, reachOf } from './codebooks.js';
import { operator } from './operator.js';

/** Options of {@link blockwiseQuantizer}. */
export interface BlockwiseOptions {
  /**
   * Values that an entry over its block's scale may take: `dynamic8` (default; NVIDIA FLARE's `blockwise8`), `linear8`
   * (k / 127), `fp4` (FLARE's `float4`) or `nf4` (`normfloat4`; QLoRA).
   */
  readonly code?: CodebookName;
  /** Entries of a block, in the order of the array; default 4096 for 8 bits, 64 for 4, as bitsandbytes. */
  readonly block?: number;
}

const OPTIONS = {
  code: word('values of a scaled entry', Object.keys(CODEBOOKS) as CodebookName[], 'dynamic8'),
  block: whole('entries of a block'),
} satisfies OptionTable<BlockwiseOptions>;

const BLOCK = { 8: 4096, 4: 64 } as const;

/**
 * q(g) = a c_k with a = max |g| of the entry's block and c_k the value of the code nearest to g / a. Blocks never
 * cross tensors; the last of a tensor may be shorter. PyTorch's kernels lie otherwise in memory, so its blocks hold
 * other entries than ours.
 *
 * Deterministic. Cost: 8 or 4 bits per entry and 32 per block. Evidence, entry by entry: |true - observed| <= a times
 * half the way from c_k to its further neighbour. A block of zeros stays zero, and nothing of it is lost.
 * Source: Dettmers et al. 2022 (arXiv 2110.02861), section 2; Dettmers et al. 2023 (arXiv 2305.14314); NVIDIA FLARE
 * ModelQuantizer.
 * @throws another code; a block below 1; unknown options; NaN or infinite entries
 * @example rog.phi.blockwiseQuantizer({ code: 'nf4' }).apply(update.tensors, 1).report.bitsPerEntry // 4.5...
 */
export function blockwiseQuantizer(options: BlockwiseOptions = {}): Obfuscation {
  const { code, block: asked } = checked('blockwiseQuantizer', options, OPTIONS);
  const { bits, values } = CODEBOOKS[code];
  const block = asked ?? BLOCK[bits];
  const reach = reachOf(values).map((half, k) => Math.max(half, k === 0 ? 1 + values[0]! : 0));
  return operator('blockwiseQuantizer', { code, block }, ['code', 'block'], (tensors, { before, message }) => {
    const coded = tensors.map(({ data }) => codedBlocks(data, block, values, reach));
    return {
      values: coded.map(({ sent }) => sent),
      evidence: before.map((e, t) => rounded(e, coded[t]!.reach, coded[t]!.reach)),
      message: {
        ...message,
        valueBits: bits,
        headers: message.headers + tensors.reduce((sum, { data }) => sum + Math.ceil(data.length / block), 0),
      },
    };
  });
}

function codedBlocks(data: Float32Array, block: number, values: readonly number[], reach: readonly number[]) {
  const [sent, reaches] = [new Float32Array(data.length), new Float32Array(data.length)];
  for (let start = 0; start < data.length; start += block) {
    const part = data.subarray(start, start + block);
    const scale = part.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
    if (scale === 0) continue;
    part.forEach((g, i) => {
      const k = nearestIndex(values, g / scale);
      sent[start + i] = scale * values[k]!;
      reaches[start + i] = scale * reach[k]!;
    });
  }
  return { sent, reach: reaches };
}

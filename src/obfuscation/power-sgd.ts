import { problem } from '../core/errors.js';
import { bounded, EXACT, hidesScale, isExact, UNKNOWN, widthsOf } from '../core/evidence.js';
import { matrix, orthonormal } from '../core/linear-algebra.js';
import { checked, memory, type OptionTable, whole } from '../core/option-table.js';
import { deriveSeed, normalStream } from '../core/random.js';
import type { Evidence, NamedArray, Obfuscated, Obfuscation } from '../core/types.js';
import { operator } from './operator.js';

/** Options of {@link powerSgd}. */
export interface PowerSgdOptions {
  /** r >= 1: rank of what is sent of a matrix; default 2. */
  readonly rank?: number;
  /** Right factors to start from, as warmStart() gives them of the round before; default: normal numbers by `seed`. */
  readonly start?: readonly NamedArray[];
}

const OPTIONS = {
  rank: whole('rank of what is sent of a matrix', 2),
  start: memory<readonly NamedArray[]>('right factors of the round before', 'a list of arrays', Array.isArray),
} satisfies OptionTable<PowerSgdOptions>;

/**
 * One step of subspace iteration per tensor, as a matrix M [outputs, rest]:
 *
 *     P = orthonormal columns of M Q,   Q' = M^T P,   sent: P and Q',   q = P Q'^T = P P^T M
 *
 * Vectors, and matrices that r (outputs + rest) numbers do not make smaller, are sent whole. Without memory of what
 * was left out; errorFeedback() adds it, as the paper does.
 *
 * Cost: 32 r (outputs + rest) bits per matrix. Evidence: the projection of M on the columns of P, exactly; nothing of
 * what is orthogonal to them. After an operator that lost something: its bounds, times sqrt(outputs), for a sum of so
 * many entries.
 * Source: Vogels et al. 2019 (arXiv 1905.13727), algorithm 1; torch.distributed's powerSGD_hook.
 * @throws rank below 1; starting factors of other shapes; unknown options; NaN or infinite entries
 * @example rog.phi.powerSgd({ rank: 2 }).apply(update.tensors, 1)
 */
export function powerSgd(options: PowerSgdOptions = {}): Obfuscation {
  const { rank, start } = checked('powerSgd', options, OPTIONS);
  return operator('powerSgd', { rank, warm: start !== undefined }, ['rank'], (tensors, { before, message, seed }) => {
    const sent = tensors.map((tensor, t) =>
      compressed(tensor, rank, startOf(tensor, rank, start?.[t], deriveSeed(seed, t))),
    );
    const entries = tensors.reduce((sum, { data }) => sum + data.length, 0);
    const numbers = sent.reduce((sum, one, t) => sum + (one?.numbers ?? tensors[t]!.data.length), 0);
    return {
      values: tensors.map(({ data }, t) => sent[t]?.values ?? data),
      evidence: before.map((e, t) => (sent[t] ? projectedEvidence(e, sent[t].basis, rank) : e)),
      message: { headers: message.headers, valueBits: (32 * numbers) / Math.max(1, entries) },
    };
  });
}

/** The right factors Q' of a round, from what was sent: the next one's start. Tensors sent whole have none. */
export const warmStart = ({ tensors, report }: Obfuscated): NamedArray[] =>
  tensors.map(({ name, data }, t) => {
    const projection = report.evidence[t]?.projection;
    if (!projection) return { name, shape: [0], data: new Float32Array(0) };
    const columns = projection.basis.length / projection.rank;
    const rows = data.length / columns;
    const factor = product(data, projection.basis, rows, columns, projection.rank);
    return { name, shape: [rows, projection.rank], data: Float32Array.from(factor) };
  });

function projectedEvidence(e: Evidence, basis: Float32Array, rank: number): Evidence {
  const projection = { basis, rank };
  if (isExact(e)) return { ...EXACT, projection };
  if (hidesScale(e) || e.projection) return UNKNOWN;
  const { kept, zero } = widthsOf(e);
  const widest = Math.max(
    ...[kept, zero].map((w) => (typeof w === 'number' ? w : w.reduce((a, b) => Math.max(a, b), 0))),
  );
  const width = widest * Math.sqrt(basis.length / rank);
  return { ...bounded(e, width, width), projection };
}

/** Columns: outputs, our last axis; rows: all else. Undefined where the factors are no smaller than the tensor. */
function sizesOf({ shape, data }: NamedArray, rank: number): { rows: number; columns: number } | undefined {
  const columns = shape.at(-1) ?? 1;
  const rows = columns > 0 ? data.length / columns : 0;
  return shape.length > 1 && rank * (rows + columns) < data.length ? { rows, columns } : undefined;
}

function startOf(
  tensor: NamedArray,
  rank: number,
  given: NamedArray | undefined,
  seed: number,
): Float64Array | undefined {
  const sizes = sizesOf(tensor, rank);
  if (!sizes) return undefined;
  if (!given) {
    const normal = normalStream(seed);
    return Float64Array.from({ length: sizes.rows * rank }, normal);
  }
  if (given.data.length !== sizes.rows * rank) {
    const fix = 'warmStart()';
    throw problem('powerSgd', `the start of ${tensor.name} must be [${sizes.rows}, ${rank}]`, given.shape, fix);
  }
  return Float64Array.from(given.data);
}

function compressed(tensor: NamedArray, rank: number, start: Float64Array | undefined) {
  const sizes = sizesOf(tensor, rank);
  if (!sizes || !start) return undefined;
  const { rows, columns } = sizes;
  const across = new Float64Array(columns * rank);
  for (let i = 0; i < rows; i++)
    for (let c = 0; c < columns; c++)
      for (let k = 0; k < rank; k++) across[c * rank + k]! += tensor.data[i * columns + c]! * start[i * rank + k]!;
  const basis = Float32Array.from(orthonormal(matrix(columns, rank, across), 1e-10).data);
  const factor = product(tensor.data, basis, rows, columns, rank);
  const values = new Float32Array(tensor.data.length);
  for (let i = 0; i < rows; i++)
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += factor[i * rank + k]! * basis[c * rank + k]!;
      values[i * columns + c] = sum;
    }
  return { values, basis, numbers: rank * (rows + columns) };
}

/** A [rows, columns] times B [columns, rank]. */
function product(a: Float32Array, b: Float32Array, rows: number, columns: number, rank: number): Float64Array {
  const out = new Float64Array(rows * rank);
  for (let i = 0; i < rows; i++)
    for (let c = 0; c < columns; c++)
      for (let k = 0; k < rank; k++) out[i * rank + k]! += a[i * columns + c]! * b[c * rank + k]!;
  return out;
}

import { isSent } from '../core/evidence.js';
import type { NamedArray, ObfuscationReport } from '../core/types.js';

/** How the values of an update travel: plain data that lets a later operator count its bits. */
export interface Message {
  readonly valueBits: number;
  /** How many values are sent with their positions; absent: all of them, without positions. */
  readonly sent?: number;
  /** The positions are public, or a seed gives them: they cost nothing. */
  readonly seeded?: boolean;
  /** 32-bit numbers sent beside the values: scales, thresholds. */
  readonly headers: number;
  /** Noise of an announced absolute size was added: a later clipping hides its size in the units of the message. */
  readonly absoluteNoise?: boolean;
}

/** A report that also says how its values travel. */
export interface CodedReport extends ObfuscationReport {
  readonly message: Message;
}

const FLOAT32: Message = { valueBits: 32, headers: 0 };

/** The message of an earlier operator; float32 when there was none; without the tensors that a client left frozen. */
export function messageOf(before: ObfuscationReport | undefined, tensors: readonly NamedArray[]): Message {
  if (!before) return FLOAT32;
  const { message } = before as Partial<CodedReport>;
  if (message) return message;
  const sent = entryCount(tensors.filter((_, t) => isSent(before.evidence[t]!)));
  const count = entryCount(tensors);
  if (sent === count) return { valueBits: before.bitsPerEntry, headers: 0 };
  return { valueBits: (before.bitsPerEntry * count) / sent, sent, seeded: true, headers: 0 };
}

export const entryCount = (tensors: readonly NamedArray[]): number =>
  tensors.reduce((sum, { data }) => sum + data.length, 0);

/** Number of nonzero entries: what a sparse message sends. */
export function nonzeroCount(arrays: readonly Float32Array[]): number {
  let count = 0;
  for (const data of arrays) for (let i = 0; i < data.length; i++) if (data[i] !== 0) count++;
  return count;
}

/**
 * Bits per entry of n entries: dense `valueBits + 32 headers / n`; sparse with k sent
 * `(k valueBits + n H(k / n) + 32 headers) / n`, H(p) = -p log2 p - (1-p) log2(1-p) the entropy of the positions
 * (an arithmetic-coded bitmap reaches it; at most 1 bit per entry, 0.286 at 95 % zeros). 0 for an empty update.
 */
export function bitsPerEntry({ valueBits, sent, seeded, headers }: Message, tensors: readonly NamedArray[]): number {
  const n = entryCount(tensors);
  if (n === 0) return 0;
  const share = sent === undefined ? 1 : sent / n;
  return share * valueBits + (seeded ? 0 : entropy(share)) + (32 * headers) / n;
}

const entropy = (p: number): number => (p <= 0 || p >= 1 ? 0 : -p * Math.log2(p) - (1 - p) * Math.log2(1 - p));

import { problem } from '../core/errors.js';
import { EXACT, UNKNOWN } from '../core/evidence.js';
import { checkOptions, number } from '../core/options.js';
import { after, evidenceFrom, type OwnEvidence } from '../core/own-evidence.js';
import { applied } from '../core/own-obfuscation.js';
import type { NamedArray, Obfuscation, OwnObfuscation } from '../core/types.js';
import type { Parameters } from './operator.js';

type Told = OwnEvidence | readonly OwnEvidence[];

/** Options of {@link obfuscation}. */
export interface OwnOptions {
  /** As tables and settings show it. */
  readonly name: string;
  /** Cost of one entry in bits, or a function of the tensors that are sent; default 32. */
  readonly bitsPerEntry?: number | ((sent: readonly NamedArray[]) => number);
  /** The tensors that are sent, with the names and shapes of those that come in; random numbers from the seed alone. */
  readonly apply: OwnObfuscation;
  /**
   * What the server, that is told how phi works, knows of the true entries: for all tensors alike, one for each tensor,
   * or a function of the tensors that were sent. A tolerance may be one number for the tensor, one for each channel, or
   * one for each entry.
   * Default: nothing is known.
   */
  readonly evidence?: Told | ((sent: readonly NamedArray[]) => Told);
  /** Public parameters, for tables and settings; default none. */
  readonly parameters?: Parameters;
}

/**
 * phi of your own, with a name, a price and what it gives away.
 *
 *     |true - sent| <= tolerance where sent != 0, zeroTolerance where sent == 0;
 *     noise: standard deviation of zero-mean noise
 *
 * With evidence the default attack compares updates accordingly (intervals, signs); without, it compares directions
 * alone (cosine), as with a bare function in observe(). It composes with others, and goes wherever phi goes.
 * @throws a name or function that is missing; tensors that come out with other names, shapes, NaN; evidence that fits
 * no tensor
 * @example
 * const half = rog.phi.obfuscation({ name: 'halves', bitsPerEntry: 8, evidence: { tolerance: 0.25 },
 *   apply: (tensors) => tensors.map((t) => ({ ...t, data: t.data.map((v) => Math.round(2 * v) / 2) })) });
 * const observed = rog.observe(model, update, { obfuscation: half });
 */
export function obfuscation(options: OwnOptions): Obfuscation {
  const where = 'obfuscation';
  if (typeof options !== 'object' || options === null)
    throw problem(where, 'needs { name, apply }', options, 'a bare function goes into observe() as it is');
  checkOptions(where, options, ['name', 'bitsPerEntry', 'apply', 'evidence', 'parameters']);
  const { name, apply, bitsPerEntry = 32, evidence, parameters = {} } = options;
  if (typeof name !== 'string' || name === '') throw problem(where, 'name must be a word', name);
  if (typeof apply !== 'function') throw problem(where, 'apply must be a function (tensors, seed) => tensors', apply);
  return {
    name,
    parameters,
    apply: (tensors, seed, before) => {
      const sent = applied(name, apply, tensors, seed);
      const bits = typeof bitsPerEntry === 'function' ? bitsPerEntry(sent) : bitsPerEntry;
      number(name, 'bitsPerEntry', bits, 0, 64);
      const told = typeof evidence === 'function' ? evidence(sent) : evidence;
      const own = evidenceOf(name, told, sent);
      const known = own.map((e, k) => after(before?.evidence[k] ?? EXACT, e));
      return { tensors: sent, report: { name, parameters, bitsPerEntry: bits, evidence: known } };
    },
  };
}

function evidenceOf(where: string, told: Told | undefined, sent: readonly NamedArray[]) {
  if (told === undefined) return sent.map(() => UNKNOWN);
  const list = Array.isArray(told) ? (told as readonly OwnEvidence[]) : sent.map(() => told as OwnEvidence);
  if (list.length !== sent.length)
    throw problem(where, `evidence must be one for all tensors, or one for each of ${sent.length}`, list.length);
  return sent.map((tensor, k) => evidenceFrom(where, list[k]!, tensor));
}

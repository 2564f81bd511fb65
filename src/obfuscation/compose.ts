import { problem } from '../core/errors.js';
import { asObfuscation } from '../core/own-obfuscation.js';
import { deriveSeed } from '../core/random.js';
import type { Obfuscation, OwnObfuscation } from '../core/types.js';

/**
 * q = q_n( ... q_2(q_1(g))): the operators in the order of the list.
 *
 * What is known of an entry with tolerance t (zero: z) and noise d after a further operator:
 *
 * | operator           | tolerance t' | zeroTolerance z'      | noise          | else                          |
 * |--------------------|--------------|-----------------------|----------------|-------------------------------|
 * | none               | t            | z                     | d              |                               |
 * | uniform, step a    | t + a/2      | max(z, t + a/2)       | d              |                               |
 * | qsgd, step a       | t + a        | max(z, t + a)         | hypot(d, a/√6) |                               |
 * | topK, threshold h  | t            | max(z, t + h)         | d              |                               |
 * | sign               | Infinity     | z if zeros stay, else Infinity | d     | signOnly                      |
 * | noise sigma > 0    | max(t, z)    | max(t, z)             | hypot(d, sigma)|                               |
 * | clip, factor c     | c t          | c z                   | c d, or d (announced sigma) | scaleUnknown if it may
 * have acted |
 *
 * So top-k then a quantizer: kept entries within step/2, dropped ones within the threshold. Steps, thresholds and noise
 * levels of inner operators are numbers of the message (32 bits each for scales and thresholds), hence known to the
 * server. Bits: values by the last coder (32, `bits` or 1), positions once a top-k came, noise makes the message dense
 * float32 again. The first operator draws from `seed`, as it would alone; the i-th from a seed derived from `seed` and
 * i. Parameters: those of the i-th operator as `i.name`, from 1.
 * @throws an empty list
 * @example
 * rog.phi.compose([rog.phi.topK({ sparsity: 0.95 }), rog.uniformQuantizer({ bits: 3 })]).name
 * // 'topK(sparsity: 0.95) + uniformQuantizer(bits: 3)'
 */
export function compose(list: readonly (Obfuscation | OwnObfuscation)[]): Obfuscation {
  if (!list.length) throw problem('compose', 'give at least one obfuscation', list, 'use none() for no loss');
  const operators = list.map((phi) => asObfuscation('compose', phi));
  const name = operators.map((phi) => phi.name).join(' + ');
  const parameters = Object.fromEntries(
    operators.flatMap((phi, i) => Object.entries(phi.parameters).map(([key, value]) => [`${i + 1}.${key}`, value])),
  );
  return {
    name,
    parameters,
    apply: (tensors, seed, before) => {
      const [first, ...rest] = operators;
      const last = rest.reduce(
        (so, phi, i) => phi.apply(so.tensors, deriveSeed(seed, 'compose', i + 1), so.report),
        first!.apply(tensors, seed, before),
      );
      return { tensors: last.tensors, report: { ...last.report, name, parameters } };
    },
  };
}

import { checkFinite, checkMatches } from './arrays.js';
import { problem } from './errors.js';
import { UNKNOWN } from './evidence.js';
import type { NamedArray, Obfuscation, OwnObfuscation } from './types.js';

/** The tensors that somebody's own function made of an update: checked, and with no way to write to the update. */
export function applied(
  where: string,
  own: OwnObfuscation,
  tensors: readonly NamedArray[],
  seed: number,
): readonly NamedArray[] {
  const copies = tensors.map((t) => ({ ...t, data: t.data.slice() }));
  const sent = own(copies, seed);
  if (sent instanceof Promise) throw problem(where, 'phi must not be async', 'a promise');
  checkMatches(`${where}: what phi gives`, sent, tensors);
  checkFinite(where, sent);
  return sent.map(({ name, shape, data }) => ({ name, shape, data }));
}

/** phi from a bare function: it has the function's name, costs 32 bits per entry, and tells nothing. */
const bare = (own: OwnObfuscation): Obfuscation => {
  const name = own.name && own.name !== 'obfuscation' ? own.name : 'own phi';
  return {
    name,
    parameters: {},
    apply: (tensors, seed) => ({
      tensors: applied(name, own, tensors, seed),
      report: { name, parameters: {}, bitsPerEntry: 32, evidence: tensors.map(() => UNKNOWN) },
    }),
  };
};

/** phi in either form as one of the library's. @throws anything else; a short form in words says what reads it */
export function asObfuscation(where: string, phi: Obfuscation | OwnObfuscation): Obfuscation {
  if (typeof phi === 'function') return bare(phi);
  if (typeof phi === 'object' && phi !== null && typeof phi.apply === 'function') return phi;
  const fix = typeof phi === 'string' ? `parseObfuscation(${JSON.stringify(phi)})` : undefined;
  throw problem(where, 'obfuscation must be one of the library, or a function (tensors, seed) => tensors', phi, fix);
}

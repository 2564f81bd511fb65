import { nearest, problem } from '../core/errors.js';
import { oneOf } from '../core/options.js';
import type { Obfuscation } from '../core/types.js';
import { clip } from './clip.js';
import { compose } from './compose.js';
import { gaussianNoise } from './gaussian-noise.js';
import { laplaceNoise } from './laplace-noise.js';
import { none } from './none.js';
import { qsgd } from './qsgd.js';
import { LAYER_SCOPES } from './scope.js';
import { sign } from './sign.js';
import { topK } from './top-k.js';
import { uniformQuantizer } from './uniform-quantizer.js';

const WHERE = 'parseObfuscation';

/** name -> form as written, and the operator of what follows the colon. */
const shorthands: Readonly<
  Record<string, readonly [form: string, make: (value: string, scope?: string) => Obfuscation]>
> = {
  none: ['none', (text) => nothing(text, none())],
  quantize: ['quantize:BITS', (text) => uniformQuantizer({ bits: toNumber('quantize:BITS', text) })],
  qsgd: ['qsgd:BITS', (text) => qsgd({ bits: toNumber('qsgd:BITS', text) })],
  topk: ['topk:SPARSITY', (text) => topK({ sparsity: toNumber('topk:SPARSITY', text) })],
  sign: [
    'sign[:mean]',
    (text) => sign({ scale: oneOf(WHERE, 'the scale of sign', text || 'none', ['none', 'mean'] as const) }),
  ],
  noise: ['noise:SNR[:layer]', (text, scope) => gaussianNoise(snrOf('noise', text, scope))],
  laplace: ['laplace:SNR[:layer]', (text, scope) => laplaceNoise(snrOf('laplace', text, scope))],
  sigma: ['sigma:DEVIATION', (text) => gaussianNoise({ sigma: toNumber('sigma:DEVIATION', text) })],
  clip: ['clip:NORM', (text) => clip({ norm: toNumber('clip:NORM', text) })],
};

/** The forms that {@link parseObfuscation} reads. */
export const OBFUSCATION_FORMS: readonly string[] = Object.values(shorthands).map(([form]) => form);

/**
 * phi from its command-line form: `none`, `quantize:3`, `qsgd:3`, `topk:0.95`, `sign`, `sign:mean`, `noise:-10` and
 * `laplace:-10` (SNR in dB over the update; `noise:-10:layer` over each layer), `sigma:0.01` (Gaussian noise of that deviation), `clip:1`
 * (norm of the update); joined by `+` in order, `topk:0.95+quantize:3`, `clip:1+sigma:0.01`.
 *
 * Errors: an unknown name (names the nearest), a missing or surplus number, and the operator's own.
 * @example parseObfuscation('topk:0.95+quantize:3')
 */
export function parseObfuscation(text: string): Obfuscation {
  const operators = text.split('+').map((part) => one(part.trim()));
  return operators.length === 1 ? operators[0]! : compose(operators);
}

function one(part: string): Obfuscation {
  const [name, value = '', scope, ...more] = part.split(':');
  const found = Object.hasOwn(shorthands, name!) ? shorthands[name!] : undefined;
  if (!found) {
    const near = nearest(name!, Object.keys(shorthands));
    throw problem(
      WHERE,
      'unknown obfuscation',
      part,
      `${near ? `did you mean ${near}? ` : ''}(${OBFUSCATION_FORMS.join(', ')})`,
    );
  }
  if (more.length || (scope !== undefined && found[1].length < 2))
    throw problem(WHERE, `the form is ${found[0]}`, part);
  return found[1](value.trim(), scope?.trim());
}

const snrOf = (name: string, text: string, scope = 'update') => ({
  snr: toNumber(`${name}:SNR`, text),
  scope: oneOf(WHERE, `the scope of ${name}`, scope, LAYER_SCOPES),
});

function toNumber(form: string, text: string): number {
  const value = Number(text);
  if (text === '' || Number.isNaN(value)) throw problem(WHERE, `the form is ${form}, with a number`, text);
  return value;
}

function nothing<T>(text: string, result: T): T {
  if (text) throw problem(WHERE, 'none takes no value', text);
  return result;
}

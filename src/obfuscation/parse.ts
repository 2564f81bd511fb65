import { nearest, problem } from '../core/errors.js';
import { oneOf } from '../core/options.js';
import type { Obfuscation } from '../core/types.js';
import { bf16 } from './bf16.js';
import { blockwiseQuantizer } from './blockwise-quantizer.js';
import { clip } from './clip.js';
import type { CodebookName } from './codebooks.js';
import { compose } from './compose.js';
import { fp16 } from './fp16.js';
import { gaussianNoise } from './gaussian-noise.js';
import { kmeansCodebook } from './kmeans-codebook.js';
import { laplaceNoise } from './laplace-noise.js';
import { none } from './none.js';
import { partialUpdate } from './partial-update.js';
import { percentileClip } from './percentile-clip.js';
import { powerSgd } from './power-sgd.js';
import { privateTernary } from './private-ternary.js';
import { qsgd } from './qsgd.js';
import { randomMask } from './random-mask.js';
import { LAYER_SCOPES } from './scope.js';
import { sign } from './sign.js';
import { sparseTernary } from './sparse-ternary.js';
import { topK } from './top-k.js';
import { uniformQuantizer } from './uniform-quantizer.js';

const WHERE = 'parseObfuscation';

/** name -> form as written, and the operator of what follows the colon. */
const shorthands: Readonly<
  Record<string, readonly [form: string, make: (value: string, ...more: string[]) => Obfuscation]>
> = {
  none: ['none', (text) => bare('none', text, none())],
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
  stc: ['stc[:SPARSITY]', (text) => sparseTernary(optional('sparsity', 'stc[:SPARSITY]', text))],
  mask: [
    'mask:KEEP[:unknown]',
    (text, seed) => randomMask({ keep: toNumber('mask:KEEP', text), seedKnown: seedOf(seed) }),
  ],
  percentile: [
    'percentile:PERCENT[:LIMIT]',
    (text, limit) =>
      percentileClip({
        percentile: toNumber('percentile:PERCENT', text),
        ...(limit !== undefined && optional('limit', 'percentile:PERCENT:LIMIT', limit)),
      }),
  ],
  powersgd: ['powersgd[:RANK]', (text) => powerSgd(optional('rank', 'powersgd[:RANK]', text))],
  only: ['only:LAYER', (text) => partialUpdate({ only: [text] })],
  without: ['without:LAYER', (text) => partialUpdate({ without: [text] })],
  ternary: ['ternary:CLIP:A:B', (text, a, b) => ternary(text, a, b)],
  fp16: ['fp16', (text) => bare('fp16', text, fp16())],
  bf16: ['bf16', (text) => bare('bf16', text, bf16())],
  block8: ['block8[:BLOCK]', (text) => blockwise('dynamic8', 'block8[:BLOCK]', text)],
  linear8: ['linear8[:BLOCK]', (text) => blockwise('linear8', 'linear8[:BLOCK]', text)],
  fp4: ['fp4[:BLOCK]', (text) => blockwise('fp4', 'fp4[:BLOCK]', text)],
  nf4: ['nf4[:BLOCK]', (text) => blockwise('nf4', 'nf4[:BLOCK]', text)],
  kmeans: ['kmeans[:CLUSTERS]', (text) => kmeansCodebook(optional('clusters', 'kmeans[:CLUSTERS]', text))],
};

/** The forms that {@link parseObfuscation} reads. */
export const OBFUSCATION_FORMS: readonly string[] = Object.values(shorthands).map(([form]) => form);

/**
 * phi from its command-line form: `none`, `quantize:3`, `qsgd:3`, `topk:0.95`, `sign`, `sign:mean`, `noise:-10` and
 * `laplace:-10` (SNR in dB over the update; `noise:-10:layer` over each layer), `sigma:0.01` (Gaussian noise of that
 * deviation), `clip:1` (norm of the update); joined by `+` in order, `topk:0.95+quantize:3`, `clip:1+sigma:0.01`.
 * @throws an unknown name (names the nearest), a missing or surplus number, and the operator's own
 * @example rog.phi.parseObfuscation('topk:0.95+quantize:3')
 */
export function parseObfuscation(text: string): Obfuscation {
  if (typeof text !== 'string') throw problem(WHERE, 'phi is written as text', text, '"quantize:3"');
  const operators = text.split('+').map((part) => one(part.trim()));
  return operators.length === 1 ? operators[0]! : compose(operators);
}

function one(part: string): Obfuscation {
  const [name, value = '', ...more] = part.split(':');
  const found = Object.hasOwn(shorthands, name!) ? shorthands[name!] : undefined;
  if (!found) {
    const near = nearest(name!, Object.keys(shorthands));
    const fix = `${near ? `did you mean ${near}? ` : ''}(${OBFUSCATION_FORMS.join(', ')})`;
    throw problem(WHERE, 'unknown obfuscation', part, fix);
  }
  const [form, make] = found;
  if (more.length > Math.max(0, form.split(':').length - 2)) throw problem(WHERE, `the form is ${form}`, part);
  return make(value.trim(), ...more.map((text) => text.trim()));
}

const seedOf = (text = 'known'): boolean =>
  oneOf(WHERE, 'the seed of mask', text, ['known', 'unknown'] as const) === 'known';

const ternary = (clip: string, a = '', b = ''): Obfuscation => {
  const [c, A, B] = [clip, a, b].map((text) => toNumber('ternary:CLIP:A:B', text)) as [number, number, number];
  return privateTernary({ clip: c, a: A, b: B });
};

const snrOf = (name: string, text: string, scope = 'update') => ({
  snr: toNumber(`${name}:SNR`, text),
  scope: oneOf(WHERE, `the scope of ${name}`, scope, LAYER_SCOPES),
});

function toNumber(form: string, text: string): number {
  const value = Number(text);
  if (text === '' || Number.isNaN(value)) throw problem(WHERE, `the form is ${form}, with a number`, text);
  return value;
}

function bare<T>(name: string, text: string, result: T): T {
  if (text) throw problem(WHERE, `${name} takes no value`, text);
  return result;
}

/** An option that may be left out. */
const optional = <K extends string>(name: K, form: string, text: string): Partial<Record<K, number>> =>
  (text === '' ? {} : { [name]: toNumber(form, text) }) as Partial<Record<K, number>>;

const blockwise = (code: CodebookName, form: string, text: string): Obfuscation =>
  blockwiseQuantizer({ code, ...optional('block', form, text) });

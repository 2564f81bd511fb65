/** One learned number for every channel. */
import { tf } from '../../engine/index.js';
import type { Of, ParameterSpec, Place, Rule } from './types.js';

const spec = (name: string, init: 'ones' | 'zeros', { shape, flattened }: Place): ParameterSpec => ({
  name,
  shape: [shape[2]],
  fanIn: 1,
  init,
  ...(flattened && { flattens: flattened }),
});

export const scaleChannels: Rule<Of<'scaleChannels'>> = {
  options: {},
  plan: (_, at, name) => ({ ...at, specs: [spec(`${name}/gains`, 'ones', at)] }),
  apply: (_, x, { take, using }) => using({ kind: 'factor', input: () => x }, tf.mul(x, take())),
};

export const shiftChannels: Rule<Of<'shiftChannels'>> = {
  options: {},
  plan: (_, at, name) => ({ ...at, specs: [spec(`${name}/shifts`, 'zeros', at)] }),
  apply: (_, x, { take, using }) => using({ kind: 'summand' }, tf.add(x, take())),
};

/** One learned number for every channel. */
import { tf } from '../../engine/index.js';
import { flag, optional } from './layer-options.js';
import type { Of, ParameterSpec, Place, Rule } from './types.js';

const options = { shared: optional(flag) };

const spec = (name: string, init: 'ones' | 'zeros', shared: boolean, { shape, flattened }: Place): ParameterSpec => ({
  name,
  shape: [shared ? 1 : shape[2]],
  fanIn: 1,
  init,
  ...(flattened && !shared && { flattens: flattened }),
});

export const scaleChannels: Rule<Of<'scaleChannels'>> = {
  options,
  plan: ({ shared = false }, at, name) => ({ ...at, specs: [spec(`${name}/gains`, 'ones', shared, at)] }),
  apply: (_, x, { take, using }) => using({ kind: 'factor', input: () => x }, tf.mul(x, take())),
};

export const shiftChannels: Rule<Of<'shiftChannels'>> = {
  options,
  plan: ({ shared = false }, at, name) => ({ ...at, specs: [spec(`${name}/shifts`, 'zeros', shared, at)] }),
  apply: (_, x, { take, using }) => using({ kind: 'summand' }, tf.add(x, take())),
};

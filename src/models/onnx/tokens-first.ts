import type { OnnxNode } from '../../assets/index.js';
import { numbers } from './known.js';

/**
 * Rewrites a Transpose from [batch, width, tokens] to [tokens, batch, width], as exporters put two into one, as both:
 * what goes around attention and what goes through it then part at one value, [batch, tokens, width].
 */
export function tokensFirst() {
  /** Value [batch, width, tokens] -> the same as [batch, tokens, width]. */
  const sequences = new Map<string, string>();
  return (node: OnnxNode): OnnxNode[] => {
    const [from = ''] = node.inputs;
    const perm = node.op === 'Transpose' ? String(numbers(node.attributes.perm, [])) : '';
    const known = sequences.get(from);
    if (perm === '0,2,1') {
      if (known !== undefined) return [{ ...node, op: 'Identity', inputs: [known], attributes: {} }];
      sequences.set(from, node.outputs[0]!);
      return [node];
    }
    if (perm !== '2,0,1') return [node];
    const name = known ?? `${from} as a sequence`;
    sequences.set(from, name);
    const first: OnnxNode = { ...node, outputs: [name], attributes: { perm: [0, 2, 1] } };
    const second: OnnxNode = { ...node, inputs: [name], attributes: { perm: [1, 0, 2] } };
    return known === undefined ? [first, second] : [second];
  };
}

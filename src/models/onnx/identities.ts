import type { OnnxGraph, OnnxNode, OnnxTensor } from '../../assets/index.js';

/**
 * Takes out Identity between two nodes; it stays where it ends the network, and where it names a stored tensor anew,
 * as exporters write that merge equal ones.
 */
export function withoutIdentities(
  { inputs: starts, outputs: ends }: Pick<OnnxGraph, 'inputs' | 'outputs'>,
  constant: (name: string | undefined) => OnnxTensor | undefined,
): (node: OnnxNode) => OnnxNode[] {
  const sources = new Map<string, string>();
  const ending = new Set(ends.map(({ name }) => name));
  const made = new Set(starts.map(({ name }) => name));
  return (node) => {
    const inputs = node.inputs.map((name) => sources.get(name) ?? name);
    const [from = ''] = inputs;
    const [to = ''] = node.outputs;
    const again = made.has(to);
    for (const name of node.outputs) made.add(name);
    if (node.op !== 'Identity' || again || ending.has(to) || constant(from)) return [{ ...node, inputs }];
    sources.set(to, from);
    return [];
  };
}

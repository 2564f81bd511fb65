import type { OnnxGraph, OnnxNode, OnnxTensor } from '../../assets/index.js';

/**
 * Takes out Identity between two nodes; it stays where it ends the network, and where it names a stored tensor anew,
 * as exporters write that merge equal ones.
 */
export function withoutIdentities(
  ends: OnnxGraph['outputs'],
  constant: (name: string | undefined) => OnnxTensor | undefined,
): (node: OnnxNode) => OnnxNode[] {
  const sources = new Map<string, string>();
  const ending = new Set(ends.map(({ name }) => name));
  return (node) => {
    const inputs = node.inputs.map((name) => sources.get(name) ?? name);
    const [from = ''] = inputs;
    const [to = ''] = node.outputs;
    if (node.op !== 'Identity' || ending.has(to) || constant(from)) return [{ ...node, inputs }];
    sources.set(to, from);
    return [];
  };
}

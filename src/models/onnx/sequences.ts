import type { OnnxNode, OnnxTensor } from '../../assets/index.js';
import { problem } from '../../core/errors.js';
import { type Known, numberOf } from './known.js';

const MOST = 1024;

/**
 * Rewrites SplitToSequence, as PyTorch's newer exporter writes split and chunk where it does not optimise, as a Split,
 * and SequenceAt as that output of it.
 */
export function sequences(known: Known, keep: (tensor: OnnxTensor) => void) {
  const counts = new Map<string, number>();
  const part = (sequence: string, k: number): string => `${sequence} part ${k}`;
  return (node: OnnxNode): OnnxNode[] => {
    const [from = '', second] = node.inputs;
    const [output = ''] = node.outputs;
    if (node.op === 'SequenceAt' && counts.has(from)) {
      const index = known.constant(second)?.data[0] ?? 0;
      const inputs = [part(from, index < 0 ? index + counts.get(from)! : index)];
      return [{ ...node, op: 'Identity', inputs }];
    }
    if (node.op !== 'SplitToSequence' || !second) return [node];
    const shape = known.shape(from);
    const axis = numberOf(node.attributes.axis, 0);
    const sizes = sizesOf(known.constant(second), shape.at(axis < 0 ? axis : axis - shape.length) ?? 0);
    if (sizes.length === 0 || sizes.length > MOST)
      throw problem(known.where, `a split has 1 to ${MOST} parts`, sizes.length, node.name);
    counts.set(output, sizes.length);
    keep({ name: `${output} sizes`, shape: [sizes.length], data: Float32Array.from(sizes), whole: true });
    const outputs = sizes.map((_, k) => part(output, k));
    return [{ ...node, op: 'Split', inputs: [from, `${output} sizes`], outputs, attributes: { axis } }];
  };
}

/** Given one by one, or as the size of each but the last. */
function sizesOf(given: OnnxTensor | undefined, length: number): readonly number[] {
  const [each = 0] = given?.data ?? [];
  if (given && given.shape.length > 0) return [...given.data];
  const count = each >= 1 ? Math.ceil(length / each) : 0;
  return Array.from({ length: Math.min(count, MOST + 1) }, (_, k) => Math.min(each, length - k * each));
}

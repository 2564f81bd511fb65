import type { Node } from '../../ir/node.js';
import type { Emitter, Rule } from '../emitter.js';
import type { OnnxAttributes } from '../model.js';

const IMAGE_ORDER = [0, 3, 1, 2];
const list = (n: Node, name: string): readonly number[] => n.attributes[name] as readonly number[];
const images = (emitter: Emitter, n: Node): string => emitter.as(n.inputs[0]!, IMAGE_ORDER);

const pooling =
  (type: string): Rule =>
  (emitter, n) => {
    const window = { kernel_shape: list(n, 'size'), strides: list(n, 'strides'), pads: list(n, 'pads') };
    const attributes: OnnxAttributes = type === 'MaxPool' ? { ...window, dilations: list(n, 'dilations') } : window;
    return { name: emitter.add(type, [images(emitter, n)], attributes), order: IMAGE_ORDER };
  };

export const pooling2d: Readonly<Record<string, Rule>> = {
  maxPool: pooling('MaxPool'),
  averagePool: pooling('AveragePool'),
  upsample: (emitter, n) => {
    const [fh, fw] = list(n, 'factor') as [number, number];
    const scales = emitter.floats(Float32Array.of(1, 1, fh, fw), [4]);
    const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    return { name: emitter.add('Resize', [images(emitter, n), '', scales], attributes), order: IMAGE_ORDER };
  },
  averagePoolGradient: (emitter, n) => {
    const [size, strides] = [list(n, 'size') as [number, number], list(n, 'strides') as [number, number]];
    const dy = n.inputs[0]!;
    const channels = n.shape[3]!;
    const area = size[0] * size[1];
    const kernel = emitter.floats(new Float32Array(channels * area).fill(1 / area), [channels, 1, ...size]);
    const rest = [0, 1].map((i) => n.shape[i + 1]! - (dy.shape[i + 1]! - 1) * strides[i]! - size[i]!);
    const attributes = { strides, group: channels, output_padding: rest };
    return { name: emitter.add('ConvTranspose', [images(emitter, n), kernel], attributes), order: IMAGE_ORDER };
  },
};

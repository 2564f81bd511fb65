import type { Layer } from '../core/types.js';

const NEVER_NEGATIVE: ReadonlySet<Layer['kind']> = new Set([
  ...(['relu', 'relu6', 'sigmoid', 'hardsigmoid', 'softplus', 'softmax', 'abs', 'exp', 'sqrt'] as const),
]);
const KEEPS_SIGNS: ReadonlySet<Layer['kind']> = new Set([
  ...(['maxPool', 'averagePool', 'adaptiveAveragePool', 'globalAveragePool'] as const),
  ...(['flatten', 'dropout', 'takeToken', 'pad', 'shuffleChannels', 'takeChannels', 'reshape'] as const),
  ...(['poolChannels', 'reciprocal', 'atan', 'softsign', 'tanhshrink', 'hardshrink', 'softshrink'] as const),
]);

/**
 * Whether no output of these layers can be negative, whatever their parameters, when no input is (pixels: true).
 * @param start whether that holds at the entrance; default true
 */
export function isNonNegative(layers: readonly Layer[], start = true): boolean {
  return layers.reduce((before, layer) => {
    if (NEVER_NEGATIVE.has(layer.kind)) return true;
    if (KEEPS_SIGNS.has(layer.kind)) return before;
    switch (layer.kind) {
      case 'scale':
        return before && layer.factor >= 0;
      case 'residual':
        return isNonNegative(layer.body, before) && isNonNegative(layer.shortcut, before);
      case 'branches':
        return layer.branches.every((branch) => isNonNegative(branch, before));
      case 'graph': {
        const values = [before];
        for (const { from, layers } of layer.nodes)
          values.push(
            isNonNegative(
              layers,
              from.every((i) => values[i]),
            ),
          );
        return values.at(-1)!;
      }
      default:
        return false;
    }
  }, start);
}

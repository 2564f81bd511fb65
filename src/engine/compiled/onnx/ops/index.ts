import type { Rule } from '../emitter.js';
import { convolutions } from './conv.js';
import { elementwise } from './elementwise.js';
import { linear } from './linear.js';
import { pooling2d } from './pool.js';
import { reductions } from './reduce.js';
import { shape } from './shape.js';

/** Operation of the graph -> its ONNX form. */
export const rules: Readonly<Record<string, Rule>> = {
  ...elementwise,
  ...shape,
  ...reductions,
  ...linear,
  ...convolutions,
  ...pooling2d,
};

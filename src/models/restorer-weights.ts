import type { NamedArray } from '../core/types.js';
import { restorerWeights } from './restorer.js';

export const shippedRestorer = async (): Promise<readonly NamedArray[]> => restorerWeights();

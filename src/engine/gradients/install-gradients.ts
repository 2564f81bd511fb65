import { getGradient, registerGradient, type Tensor, unregisterGradient } from '../tfjs.js';
import { gradientTable } from './gradient-table.js';

/** Registers the rules of {@link gradientTable}, in the place of those of tfjs where these came along. Idempotent. */
export function installGradients(): void {
  for (const [kernelName, { save, gradient }] of Object.entries(gradientTable)) {
    if (getGradient(kernelName)) unregisterGradient(kernelName);
    registerGradient({
      kernelName,
      ...(save === 'all' ? { saveAllInputs: true } : { inputsToSave: [...save] }),
      gradFunc: (dy, saved, attributes) => gradient(dy as Tensor, saved, attributes),
    });
  }
}

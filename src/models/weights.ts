import { loadSafetensors, saveSafetensors } from '../assets/index.js';
import { checkFinite, checkMatches } from '../core/arrays.js';
import type { Model } from '../core/types.js';

/** Writes a model's parameters as safetensors, atomically; name, image shape and classes go into the metadata. */
export function saveWeights(path: string, model: Model): Promise<void> {
  const { name, imageShape, classes, parameters } = model;
  return saveSafetensors(path, parameters, { name, imageShape: imageShape.join('x'), classes: String(classes) });
}

/**
 * The model with the weights of a safetensors file; the given model is left as it is.
 * Errors: a damaged file, tensors whose names or shapes are not the model's, NaN or infinite weights.
 */
export async function loadWeights(path: string, model: Model): Promise<Model> {
  const { tensors } = await loadSafetensors(path);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const parameters =
    tensors.length === model.parameters.length
      ? model.parameters.map(({ name }, k) => byName.get(name) ?? tensors[k]!)
      : tensors;
  checkMatches(`loadWeights ${path}`, parameters, model.parameters);
  checkFinite(`loadWeights ${path}`, parameters);
  return { ...model, parameters };
}

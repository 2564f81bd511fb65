import type { Model } from '../core/types.js';
import * as models from '../models/index.js';

// biome-ignore lint/suspicious/noExplicitAny: stands in until the weights are there
const { shippedModel } = models as any;

/** The project's own networks. */
export const shipped = async (name: 'trunk' | 'tagger'): Promise<Model> => {
  if (!shippedModel) throw Object.assign(new Error(`no ${name} yet`), { code: 'ABSENT' });
  return shippedModel(name);
};

import { isExact, perStep } from '../../core/evidence.js';
import type { Evidence, Observation } from '../../core/types.js';
import { asGradients } from '../../federation/index.js';

/**
 * The received update q of parameter k as one gradient at the weights w0 before, q / gain - weightDecay w0, and what
 * phi left of it in the same units; the decay stays in entries that phi changed. See asGradients().
 */
export function oneGradient(
  { model, tensors, client, obfuscation }: Observation,
  k: number,
): { readonly observed: Float32Array; readonly evidence: Evidence } {
  const { gain, weightDecay } = asGradients(client);
  const [q, w0, evidence] = [tensors[k]!.data, model.parameters[k]!.data, obfuscation.evidence[k]!];
  const decay = isExact(evidence) ? weightDecay : 0;
  if (gain === 1 && decay === 0) return { observed: q, evidence };
  return { observed: scaled(q, gain, decay, w0), evidence: perStep(evidence, gain) };
}

/** A loop of its own: a function called for each of millions of entries takes ten times as long. */
function scaled(q: Float32Array, gain: number, decay: number, w0: Float32Array): Float32Array {
  const out = new Float32Array(q.length);
  for (let i = 0; i < q.length; i++) out[i] = q[i]! / gain - decay * w0[i]!;
  return out;
}

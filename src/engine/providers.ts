/** Which execution providers compute here, and compute the right thing. */
import { problem } from '../core/errors.js';
import { AGREEMENT, providerDisagreement, tooFar } from './agreement.js';
import { PROVIDER_NAMES, type ProviderName, providerFailure } from './compiled/provider-names.js';

/** What a provider is good for on this machine. */
export interface ProviderState {
  readonly name: ProviderName;
  readonly available: boolean;
  /** Why it is not, in one line. */
  readonly why: string;
  /** How far its gradient of a small closure is from the processor's, over the largest entry; 0 there. */
  readonly apart?: number;
}

/** TensorFloat-32 keeps 10 bits of a factor: 1 to 5 % of a gradient of a gradient were measured. */
const TF32_AGREEMENT = 0.2;

/** A provider that opens is asked for a small closure: one further from the processor than the bound is refused. */
async function stateOf(name: ProviderName, tf32: boolean): Promise<ProviderState> {
  const failure = await providerFailure(name);
  if (failure !== undefined) return { name, available: false, why: failure };
  if (name === 'cpu') return { name, available: true, why: '', apart: 0 };
  const apart = await providerDisagreement(name).catch((error: Error) => error.message);
  if (typeof apart === 'string') return { name, available: false, why: apart };
  const why = tooFar(apart, tf32 ? TF32_AGREEMENT : AGREEMENT);
  return { name, available: why === undefined, why: why ?? '', apart };
}

/** Every provider, whether a session opens, runs and is right on it here, and why not. For `doctor`. */
export async function providers(tf32 = false): Promise<ProviderState[]> {
  const list = [];
  for (const name of PROVIDER_NAMES) list.push(await stateOf(name, tf32));
  return list;
}

/** @throws the provider does not run here, or computes something else; the message says why, and which do */
export async function checkProvider(where: string, name: ProviderName, tf32: boolean): Promise<void> {
  const { available, why } = await stateOf(name, tf32);
  if (available) return;
  const others = (await providers(tf32)).filter((p) => p.available).map((p) => p.name);
  const fix = `available: ${others.join(', ') || 'none'}`;
  throw problem(where, `the provider ${name} does not run here: ${why}`, undefined, fix);
}

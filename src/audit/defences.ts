import type { Obfuscation } from '../core/types.js';
import { soteria } from '../studies/index.js';
import type { Audit } from './config.js';
import { partsOf, type Subject } from './subject.js';

/** What a client does to its update before phi, one for each client of each batch; undefined where nothing. */
export async function defencesOf(
  { soteria: options, clients }: Audit,
  { model, batches }: Subject,
): Promise<readonly Obfuscation[][] | undefined> {
  if (!options) return undefined;
  const all: Obfuscation[][] = [];
  for (const batch of batches) {
    const own: Obfuscation[] = [];
    for (const part of partsOf(batch, clients)) own.push(await soteria(model, part, options));
    all.push(own);
  }
  return all;
}

/**
 * Layers that an attacker who knows of the client's defence leaves out, since what they send leads astray: the
 * bottleneck and the head behind it (PRECODE; Scheliga et al. 2022, arXiv 2208.04767), the pruned dense layer (Soteria;
 * Balunovic et al. 2022, arXiv 2111.04706).
 */
export function deceptiveLayers({ precode, soteria: pruned }: Audit, { layers }: Subject['model']): string[] {
  const named = (kind: 'bottleneck' | 'dense', at: number): string[] => (at < 0 ? [] : [`${kind}${at}`]);
  const first = layers.findIndex(({ kind }) => kind === 'dense');
  return [
    ...new Set([
      ...(precode ? [...named('bottleneck', layers.length - 2), ...named('dense', layers.length - 1)] : []),
      ...(pruned ? named('dense', first) : []),
    ]),
  ];
}

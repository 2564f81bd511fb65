import { checkMatches } from '../core/arrays.js';
import { EXACT, widened, widthsOf } from '../core/evidence.js';
import { asObfuscation } from '../core/own-obfuscation.js';
import type { Evidence, NamedArray, Obfuscated, Obfuscation, OwnObfuscation } from '../core/types.js';

/** What a client carries from one round to the next: what phi left out, and what the server knows of it. */
export interface FeedbackState {
  /** e, private: the client alone has it. */
  readonly memory: readonly NamedArray[];
  /** Public: bounds of e about 0, as phi's evidence gave them. */
  readonly known: readonly Evidence[];
}

/**
 * phi with memory: q = phi(g + e), and for the next round e' = g + e - q, which {@link remembered} gives.
 *
 * Cost: phi's. Evidence about g: phi's, with the bounds of e on top; where phi bounds nothing (signs, noise), nothing
 * but phi's sign or noise of g + e. Without a state (the first round): phi itself.
 * Source: Seide et al. 2014; Karimireddy et al. 2019 (arXiv 1901.09847), algorithm 2; Sattler et al. 2019 and Vogels et
 * al. 2019 use it.
 * @throws a memory whose tensors are not the update's; phi's own
 * @example
 * const first = rog.phi.topK().apply(update.tensors, 1);
 * const state = rog.federation.remembered(update.tensors, first);
 * const second = rog.phi.errorFeedback(rog.phi.topK(), state).apply(next.tensors, 2);
 */
export function errorFeedback(phi: Obfuscation | OwnObfuscation, state?: FeedbackState): Obfuscation {
  const inner = asObfuscation('errorFeedback', phi);
  const name = `errorFeedback(${inner.name})`;
  const parameters = { ...inner.parameters, remembers: state !== undefined };
  return {
    name,
    parameters,
    apply: (tensors, seed, before) => {
      if (!state) return named(inner.apply(tensors, seed, before), name, parameters);
      checkMatches('errorFeedback', state.memory, tensors);
      const sent = inner.apply(sum(tensors, state.memory, 1), seed, before);
      const evidence = sent.report.evidence.map((e, t) => widened(e, widthsOf(state.known[t]!).kept));
      return named({ ...sent, report: { ...sent.report, evidence } }, name, parameters);
    },
  };
}

const named = ({ tensors, report }: Obfuscated, name: string, parameters: Obfuscation['parameters']): Obfuscated => ({
  tensors,
  report: { ...report, name, parameters },
});

/**
 * What is remembered after a round: e' = g + e - q, and how far it can be from 0 by what was sent.
 * @param tensors the client's update g; `sent` what phi, or {@link errorFeedback}, made of it; `state` that of the
 * round before
 */
export function remembered(tensors: readonly NamedArray[], sent: Obfuscated, state?: FeedbackState): FeedbackState {
  const whole = state ? sum(tensors, state.memory, 1) : tensors;
  const known = sent.report.evidence.map((e, t): Evidence => {
    const { kept, zero } = widthsOf(e);
    const at = (w: typeof kept, i: number): number => (typeof w === 'number' ? w : w[i % w.length]!);
    const bound = sent.tensors[t]!.data.map((q, i) => at(q === 0 ? zero : kept, i));
    return {
      ...EXACT,
      tolerance: e.tolerance,
      zeroTolerance: e.zeroTolerance,
      each: { tolerance: bound, zeroTolerance: bound },
    };
  });
  return { memory: sum(whole, sent.tensors, -1), known };
}

const sum = (a: readonly NamedArray[], b: readonly NamedArray[], factor: number): NamedArray[] =>
  a.map((tensor, t) => ({ ...tensor, data: tensor.data.map((value, i) => value + factor * b[t]!.data[i]!) }));

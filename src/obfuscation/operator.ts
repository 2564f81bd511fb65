import { checkFinite } from '../core/arrays.js';
import { EXACT } from '../core/evidence.js';
import type { Evidence, NamedArray, Obfuscation } from '../core/types.js';
import { bitsPerEntry, type CodedReport, type Message, messageOf } from './message.js';

export type Parameters = Readonly<Record<string, number | string | boolean>>;

/** What an operator is given beside the tensors. */
export interface Context {
  readonly seed: number;
  /** What earlier operators lost, one per tensor. */
  readonly before: readonly Evidence[];
  /** How the tensors would be sent now. */
  readonly message: Message;
}

/** What an operator gives back: new values, what is known of the TRUE entries now, and how the values are sent. */
export interface Outcome {
  readonly values: readonly Float32Array[];
  readonly evidence: readonly Evidence[];
  readonly message: Message;
}

/**
 * phi from its core: checks the tensors, keeps names and shapes, counts the bits, writes the report.
 * The name shows the parameters that are listed in `shown`.
 * @throws NaN or infinite entries
 */
export function operator(
  verb: string,
  parameters: Parameters,
  shown: readonly string[],
  core: (tensors: readonly NamedArray[], context: Context) => Outcome,
): Obfuscation {
  const list = shown.filter((key) => key in parameters).map((key) => `${key}: ${parameters[key]}`);
  const name = list.length ? `${verb}(${list.join(', ')})` : verb;
  return {
    name,
    parameters,
    apply: (tensors, seed, before) => {
      checkFinite(verb, tensors);
      const { values, evidence, message } = core(tensors, {
        seed,
        before: before?.evidence ?? tensors.map(() => EXACT),
        message: messageOf(before, tensors),
      });
      const report: CodedReport = { name, parameters, bitsPerEntry: bitsPerEntry(message, tensors), evidence, message };
      return { tensors: tensors.map(({ name, shape }, i) => ({ name, shape, data: values[i]! })), report };
    },
  };
}

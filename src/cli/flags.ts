import { parseArgs } from 'node:util';
import { nearest, problem } from '../core/errors.js';

/** A flag's kind: with a value, or alone. */
export type FlagKinds = Readonly<Record<string, 'string' | 'boolean'>>;

export type Flags<K extends FlagKinds> = { readonly [name in keyof K]?: K[name] extends 'boolean' ? boolean : string };

/**
 * Reads `--name value`, `--name=value` and `--name`. `--help` is always known.
 * @throws in one line: an unknown flag with the nearest known one, a missing value, a stray word
 * @example const flags = readFlags('run', args, { only: 'string', 'in-place': 'boolean' })
 */
export function readFlags<const K extends FlagKinds>(
  command: string,
  args: readonly string[],
  kinds: K,
): Flags<K> & { help?: boolean } {
  const all: FlagKinds = { ...kinds, help: 'boolean' };
  const known = Object.keys(all);
  const options = Object.fromEntries(known.map((name) => [name, { type: all[name]! }]));
  const { tokens, values } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional')
      throw problem(`roglab ${command}`, 'takes no words without a flag', token.value, help(command));
    if (token.kind !== 'option') continue;
    if (!known.includes(token.name)) {
      const near = nearest(token.name, known);
      const fix = near ? `did you mean --${near}?` : `flags: ${known.map((name) => `--${name}`).join(', ')}`;
      throw problem(`roglab ${command}`, `unknown flag ${token.rawName}`, undefined, fix);
    }
    const wants = all[token.name] === 'string';
    if (wants && (token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))))
      throw problem(`roglab ${command}`, `--${token.name} needs a value`, undefined, help(command));
    if (!wants && token.value !== undefined)
      throw problem(`roglab ${command}`, `--${token.name} takes no value`, token.value);
  }
  return values as Flags<K>;
}

const help = (command: string): string => `see roglab ${command} --help`;

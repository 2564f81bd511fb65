import { parseArgs } from 'node:util';
import { nearest, problem } from '../core/errors.js';
import { type AnyTable, flagOf, type Option } from '../core/option-table.js';

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
  const isValue = (i: number): boolean =>
    all[args[i - 1]?.slice(2) ?? ''] === 'string' && args[i - 1]!.startsWith('--');
  // parseArgs would read each of its letters as a flag, in square time
  const short = args.find((word, i) => /^-[a-z][\w-]+/i.test(word) || (/^-[^-]./su.test(word) && !isValue(i)));
  if (short) {
    const name = short.slice(1).split('=')[0]!;
    const fix = `did you mean --${nearest(name, known) ?? name}?`;
    throw problem(`roglab ${command}`, `unknown flag ${short}`, undefined, fix);
  }
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

/** The options of a table that the shell can write. */
const written = (table: AnyTable): [string, AnyTable[string]][] =>
  Object.entries(table).filter(([, { form }]) => form !== undefined);

/** The flags of tables; a flag whose form is empty stands alone. */
export const kindsOf = (...tables: readonly AnyTable[]): FlagKinds =>
  Object.fromEntries(
    tables.flatMap(written).map(([name, { form }]) => [flagOf(name), form === '' ? 'boolean' : 'string']),
  );

/** What flags say: the value of every option, undefined where it was not said and has no default. */
type Said<T> = {
  readonly [K in keyof T]:
    | (T[K] extends Option<infer V> ? V : never)
    | (T[K] extends { readonly initial: unknown } ? never : undefined);
};

/**
 * The options that flags say, read and checked as the function that takes them would; flags of other tables are left
 * alone.
 * @throws naming the flag and the rule that its value breaks
 */
export function optionsOf<T extends AnyTable>(
  command: string,
  flags: Readonly<Record<string, string | boolean | undefined>>,
  table: T,
): Said<T> {
  const found: Record<string, unknown> = {};
  for (const [name, { read = String, check, initial }] of written(table)) {
    const said = flags[flagOf(name)];
    const value = typeof said === 'string' ? read(said) : said;
    if (value !== undefined) check(`roglab ${command}`, `--${flagOf(name)}`, value);
    if ((value ?? initial) !== undefined) found[name] = value ?? initial;
  }
  return found as Said<T>;
}

/** A command that is told by its table: what `--help` prints, and what its flags may be. */
export interface Told<T extends AnyTable> {
  /** After the name: what the command does. */
  readonly about: string;
  readonly flags: T;
  /** What stands under the flags. */
  readonly after?: string;
}

export const helpText = (command: string, { about, flags, after }: Told<AnyTable>): string =>
  [`roglab ${command}: ${about}`, helpOf(flags), ...(after ? [after] : [])].filter(Boolean).join('\n');

/** What the arguments say by the command's table; undefined where they ask for help, which is printed. */
export function said<T extends AnyTable>(command: string, told: Told<T>, args: readonly string[]): Said<T> | undefined {
  const flags = readFlags(command, args, kindsOf(told.flags));
  if (!flags.help) return optionsOf(command, flags, told.flags);
  console.log(helpText(command, told));
  return undefined;
}

const WIDTH = 22;
/** Of a line of help. */
const LINE = 118;

/** A line of help for every flag of a table: its form, what it means, its default. */
export const helpOf = (table: AnyTable): string =>
  written(table)
    .map(([name, { form, about, initial }]) => {
      const head = `  --${flagOf(name)} ${form}`.trimEnd();
      const text = `${about}${initial === undefined ? '' : ` (default ${inWords(initial)})`}`;
      const indented = folded(text).join(`\n${' '.repeat(WIDTH)}`);
      return head.length < WIDTH ? head.padEnd(WIDTH) + indented : `${head}\n${' '.repeat(WIDTH)}${indented}`;
    })
    .join('\n');

/** A text in lines, broken between words. */
function folded(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' '))
    if (`${lines.at(-1)} ${word}`.length <= LINE - WIDTH) lines.push(`${lines.pop()} ${word}`.trimStart());
    else lines.push(word);
  return lines.filter(Boolean);
}

const inWords = (value: unknown): string => (typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value));

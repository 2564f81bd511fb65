/** Every cell of the committed notebooks passes tslab's own compiler, after the cells before it. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';
import { parse } from 'acorn';
import { joined, readNotebook } from '../../src/notebook/format.js';
import { root } from '../fixtures.js';

interface Converted {
  readonly output: string;
  readonly declOutput?: string;
  readonly diagnostics: readonly { readonly start: { readonly line: number }; readonly messageText: string }[];
}
interface Converter {
  convert(previous: string, source: string): Converted;
  close(): void;
}
const { createConverter } = createRequire(import.meta.url)('tslab/dist/converter.js') as {
  createConverter(options: { cwd: string; isJS: boolean }): Converter;
};

const FOLDER = join(root, 'notebooks');

/**
 * What tslab does to a name of an earlier cell inside braces: it puts `exports` before it in `{ size: count }`, leaves
 * `{ model }` as it is, where there is no such name.
 */
function torn(output: string): string[] {
  const own = new Set<string>();
  const short = new Set<string>();
  const visit = (node: unknown, pattern: boolean): void => {
    if (Array.isArray(node)) for (const one of node) visit(one, pattern);
    if (typeof node !== 'object' || node === null || !('type' in node)) return;
    const { type, name, key, value, shorthand } = node as Node & { name?: string; key?: Node; shorthand?: boolean };
    if (pattern && type === 'Identifier') own.add(name!);
    if (shorthand && !pattern) short.add((key as unknown as { name: string }).name);
    else if (shorthand) visit(value, true);
    for (const [field, child] of Object.entries(node)) {
      if (shorthand) continue;
      visit(child, pattern ? field !== 'key' && field !== 'right' : PATTERNS.has(`${type}.${field}`));
    }
  };
  const program = parse(`async () => {${output}\n}`, { ecmaVersion: 'latest' });
  visit(program, false);
  return [...short, ...(own.has('exports') ? ['exports'] : [])].filter((name) => name === 'exports' || !own.has(name));
}

interface Node {
  readonly type: string;
  readonly value?: unknown;
}

/** Where a node declares names. */
const PATTERNS = new Set(
  ['VariableDeclarator.id', 'FunctionDeclaration.id', 'ClassDeclaration.id', 'CatchClause.param'].concat(
    ['ArrowFunctionExpression', 'FunctionExpression', 'FunctionDeclaration'].map((kind) => `${kind}.params`),
  ),
);

/** What is wrong with the cells of a notebook, each with its number. */
function faults(sources: readonly string[]): string[] {
  const converter = createConverter({ cwd: FOLDER, isJS: false });
  let known = '';
  try {
    return sources.flatMap((source, i) => {
      const { output, declOutput, diagnostics } = converter.convert(known, source);
      if (!diagnostics.length) known = declOutput ?? '';
      return [
        ...diagnostics.map(({ start, messageText }) => `cell ${i + 1}, line ${start.line + 1}: ${messageText}`),
        ...torn(output).map((name) => `cell ${i + 1}: a brace around ${name}, which tslab does not see there`),
      ];
    });
  } finally {
    converter.close();
  }
}

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.ipynb')))
  test(`${file}: every cell compiles in tslab after those before it`, () => {
    const { cells } = readNotebook(join(FOLDER, file));
    const code = cells.filter(({ cell_type }) => cell_type === 'code').map(({ source }) => joined(source));
    assert.deepEqual(faults(code), []);
  });

test('the compiler check sees types, unknown names and torn braces', () => {
  const list = 'const size = 3;\nconst list = [{ size: 1 }];';
  assert.deepEqual(faults([list, 'for (const { size: n } of list) console.log(n);']).length, 1);
  assert.deepEqual(faults([list, 'console.log({ size });']).length, 1);
  assert.deepEqual(faults([list, 'const word: string = size;', 'lost(size);']).length, 2);
  assert.deepEqual(faults([list, 'console.log({ size: size });']), []);
});

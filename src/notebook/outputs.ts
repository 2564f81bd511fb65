import { joined, type Output } from './format.js';
import type { Message } from './wire.js';

/** Where a display with an id stands, over all cells of a notebook. */
export type Displays = Map<string, { output: Extract<Output, { data: unknown }> }[]>;

/** What one running cell has shown so far. */
export interface CellOutputs {
  readonly list: Output[];
  /** clear_output(wait): clear when the next output comes. */
  clearNext: boolean;
}

/** Applies a message of the kernel to the outputs of the running cell, as a notebook page does. */
export function applyMessage(message: Message, cell: CellOutputs, displays: Displays): void {
  const { content, type } = message;
  if (type === 'clear_output' && content.wait) cell.clearNext = true;
  else if (type === 'clear_output') cell.list.length = 0;
  else if (type === 'update_display_data') update(content, displays);
  else if (['stream', 'display_data', 'execute_result', 'error'].includes(type)) {
    if (cell.clearNext) cell.list.length = 0;
    cell.clearNext = false;
    if (type === 'stream') stream(content, cell);
    else if (type === 'error') cell.list.push({ output_type: 'error', ...(content as unknown as KernelError) });
    else show(message, cell, displays);
  }
}

interface KernelError {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: string[];
}

function show({ type, content }: Message, cell: CellOutputs, displays: Displays): void {
  const output = {
    output_type: type as 'display_data' | 'execute_result',
    data: content.data as Record<string, unknown>,
    metadata: (content.metadata ?? {}) as Record<string, unknown>,
    ...(type === 'execute_result' && { execution_count: content.execution_count as number }),
  };
  cell.list.push(output);
  const id = (content.transient as { display_id?: string } | undefined)?.display_id;
  if (id) displays.set(id, [...(displays.get(id) ?? []), { output }]);
}

function stream({ name, text }: Record<string, unknown>, cell: CellOutputs): void {
  const last = cell.list.at(-1);
  if (last?.output_type === 'stream' && last.name === name) last.text = joined(last.text) + text;
  else cell.list.push({ output_type: 'stream', name: name as 'stdout', text: String(text) });
}

function update(content: Record<string, unknown>, displays: Displays): void {
  const id = (content.transient as { display_id?: string } | undefined)?.display_id ?? '';
  for (const { output } of displays.get(id) ?? []) {
    output.data = content.data as Record<string, unknown>;
    output.metadata = (content.metadata ?? {}) as Record<string, unknown>;
  }
}

/** Everything a cell wrote to stderr. */
export const stderrOf = (outputs: readonly Output[]): string =>
  outputs
    .map((output) => (output.output_type === 'stream' && output.name === 'stderr' ? joined(output.text) : ''))
    .join('');

const unhandled = /^(UncaughtException|UnhandledPromiseRejection): /m;

/** True when the kernel replied "ok" but printed an error that nobody caught. */
export const hasUnhandled = (outputs: readonly Output[]): boolean => unhandled.test(stderrOf(outputs));

/** Frames inside node, the kernel and the compiled cell say nothing to the reader of a notebook. */
const dullFrame = /^\s+at .*(node:|[\\/]tslab[\\/]|evalmachine|<anonymous>\)?$)/;

/** The outputs of a failed cell with an error output: tslab sends none, but writes it to stderr after an excerpt. */
export function withError(outputs: readonly Output[]): { outputs: Output[]; message: string } {
  const lines = stderrOf(outputs)
    .replace(unhandled, '')
    .trim()
    .split('\n')
    .filter((line) => !dullFrame.test(line));
  const isError = (line: string) => diagnostic.test(line) || /^(?:Uncaught )?\w*(Error|Exception)\b.*: /.test(line);
  const start = Math.max(0, lines.findIndex(isError));
  const first = lines[start] || 'the cell failed without a message';
  const [ename, evalue] = nameAndText(first);
  const kept = outputs.filter((output) => !(output.output_type === 'stream' && output.name === 'stderr'));
  const message = ename === 'Error' || ename === 'RoglabError' ? evalue : `${ename}: ${evalue}`;
  return { outputs: [...kept, { output_type: 'error', ename, evalue, traceback: lines.slice(start) }], message };
}

/** tslab's form of a compiler message: `3:7 - Type ...`. */
const diagnostic = /^(?:\S+ )?(\d+):(\d+) - (.*)$/;

function nameAndText(line: string): [string, string] {
  const [, row, column, text] = diagnostic.exec(line) ?? [];
  if (text) return ['TypeScript', `line ${row}, column ${column}: ${text}`];
  const [, name = '', rest] = /^(?:Uncaught )?(\w+)(?: \[\w+\])?: (.*)$/.exec(line) ?? [];
  return /Error|Exception/.test(name) ? [name, rest!] : ['Error', line];
}

import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { diskProblem } from '../assets/files.js';
import { LIMITS, readBoundedText } from '../assets/index.js';
import { problem } from '../core/errors.js';

export type Lines = string | readonly string[];

/** What a cell showed, as Jupyter writes it. */
export type Output =
  | { output_type: 'stream'; name: 'stdout' | 'stderr'; text: Lines }
  | {
      output_type: 'display_data' | 'execute_result';
      data: Record<string, unknown>;
      metadata: Record<string, unknown>;
      execution_count?: number | null;
    }
  | { output_type: 'error'; ename: string; evalue: string; traceback: string[] };

export interface Cell {
  readonly cell_type: 'code' | 'markdown' | 'raw';
  readonly id?: string;
  readonly metadata: Record<string, unknown>;
  readonly source: Lines;
  readonly execution_count?: number | null;
  readonly outputs?: readonly Output[];
}

/** A notebook file, nbformat 4. */
export interface Notebook {
  readonly cells: readonly Cell[];
  readonly metadata: Record<string, unknown>;
  readonly nbformat: number;
  readonly nbformat_minor: number;
}

export const joined = (lines: Lines): string => (typeof lines === 'string' ? lines : lines.join(''));

/** The lines of a text, each with its line break, as the format keeps them. */
export const split = (text: string): string[] => text.split(/(?<=\n)/).filter(Boolean);

/** The name that `roglab run --only` and progress lines use: the file's name without `.ipynb`. */
export const notebookName = (file: string): string => basename(file, '.ipynb');

/** Reads a notebook; refuses a missing file, broken JSON and formats other than 4. */
export function readNotebook(file: string): Notebook {
  const text = readBoundedText('notebook', file, LIMITS.notebookBytes);
  let notebook: Notebook;
  try {
    notebook = JSON.parse(text) as Notebook;
  } catch (error) {
    throw problem('notebook', `${file} is not JSON (${(error as Error).message})`);
  }
  if (notebook?.nbformat !== 4 || !Array.isArray(notebook.cells))
    throw problem('notebook', `${file} must have nbformat 4`, notebook?.nbformat, 'save it once in a recent Jupyter');
  return notebook;
}

export const writeNotebook = (file: string, notebook: Notebook): void => writeWhole(file, notebookText(notebook));

/** A notebook as its file holds it. */
export function notebookText(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => ({
    ...cell,
    id: cell.id ?? randomBytes(4).toString('hex'),
    source: split(joined(cell.source)),
    ...(cell.outputs && { outputs: cell.outputs.map(splitOutput) }),
  }));
  const minor = Math.max(5, notebook.nbformat_minor);
  return `${JSON.stringify({ ...notebook, cells, nbformat_minor: minor }, null, 1)}\n`;
}

/** Writes a text whole or not at all: to a file beside it, then renamed. What cannot be written leaves nothing. */
export function writeWhole(file: string, text: string): void {
  const beside = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(beside, text);
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw diskProblem('notebook', file, error);
  }
}

function splitOutput(output: Output): Output {
  if (output.output_type === 'stream') return { ...output, text: split(joined(output.text)) };
  if (output.output_type === 'error') return output;
  const data = Object.entries(output.data).map(([mime, value]) => [
    mime,
    typeof value === 'string' && mime.startsWith('text/') ? split(value) : value,
  ]);
  return { ...output, data: Object.fromEntries(data) as Record<string, unknown> };
}

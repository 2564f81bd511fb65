import { nearest, problem } from '../core/errors.js';
import type { Trace } from './chart/types.js';
import { type ColumnTable, isColumnTable, type Row } from './table.js';

/**
 * Series of a chart as columns of a table: `x`, `y`, `text`, `low` and `high` are names of columns. `by` splits the
 * rows into one series per value, in the order of appearance, each under that value as its name. What else stands here
 * is each series' own.
 */
export interface TableTrace extends Omit<Trace, 'x' | 'y' | 'text' | 'error_y'> {
  /** Rows, or an arquero table. */
  readonly table: readonly Row[] | readonly object[] | ColumnTable;
  readonly x: string;
  readonly y: string;
  readonly by?: string;
  readonly text?: string;
  /** Columns with the ends of an interval around y: error bars. */
  readonly low?: string;
  readonly high?: string;
}

/**
 * The series of charts with those given as a table written out.
 * @throws a column that the table does not have
 */
export const writtenOut = (where: string, traces: readonly (Trace | TableTrace)[]): readonly Trace[] =>
  traces.flatMap((trace) => (isTableTrace(trace) ? seriesOf(where, trace) : [trace]));

const isTableTrace = (trace: Trace | TableTrace): trace is TableTrace =>
  typeof trace === 'object' && trace !== null && 'table' in trace;

function seriesOf(where: string, { table, x, y, by, text, low, high, ...own }: TableTrace): Trace[] {
  const rows = (isColumnTable(table) ? table.objects() : table) as readonly Row[];
  if (!Array.isArray(rows)) throw problem(where, 'table must be a list of objects or an arquero table', table);
  const present = isColumnTable(table) ? table.columnNames() : [...new Set(rows.flatMap((row) => Object.keys(row)))];
  for (const name of [x, y, by, text, low, high])
    if (name !== undefined && rows.length > 0 && !present.includes(name)) {
      const near = typeof name === 'string' ? nearest(name, present) : undefined;
      const fix = near ? `did you mean ${JSON.stringify(near)}?` : `columns: ${present.join(', ')}`;
      throw problem(where, 'the table has no such column', name, fix);
    }
  const names = by === undefined ? [undefined] : [...new Set(rows.map((row) => row[by]))];
  return names.map((value) => {
    const part = by === undefined ? rows : rows.filter((row) => row[by] === value);
    const column = (name: string) => part.map((row) => row[name]);
    const numbers = (name: string) => column(name).map(Number);
    const middle = numbers(y);
    const lengths = (name: string, sign: number) => numbers(name).map((end, i) => sign * (end - middle[i]!));
    return {
      ...own,
      ...(by !== undefined && { name: String(value) }),
      x: column(x) as (number | string | null)[],
      y: column(y) as (number | string | null)[],
      ...(text !== undefined && { text: column(text).map(String) }),
      ...((low ?? high) !== undefined && {
        error_y: {
          ...(high !== undefined && { array: lengths(high, 1) }),
          ...(low !== undefined && { arrayminus: lengths(low, -1) }),
        },
      }),
    };
  });
}

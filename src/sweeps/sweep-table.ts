import { type ColumnTable, table } from 'arquero';
import { COLUMNS, type SweepRow } from './store/columns.js';

/** A table of arquero under a name of its own: a notebook elsewhere need not find arquero to name its type. */
export interface SweepTable extends ColumnTable {}

/** Rows as an arquero table with every column of a sweep, also where there is no row. */
export async function tableOf(rows: AsyncIterable<SweepRow> | Iterable<SweepRow>): Promise<SweepTable> {
  const columns: Record<string, (string | number | null)[]> = {};
  for (const name of Object.keys(COLUMNS)) columns[name] = [];
  for await (const row of rows) for (const name of Object.keys(COLUMNS)) columns[name]!.push(row[name] ?? null);
  return table(columns) as SweepTable;
}

import { nearest, problem } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import { escapeHtml } from './chart/markup.js';
import { display } from './display.js';

/** One line of a table. */
export type Row = Readonly<Record<string, unknown>>;

/** What `table` needs of an arquero table. */
export interface ColumnTable {
  columnNames(): string[];
  objects(): object[];
}

export const isColumnTable = (input: unknown): input is ColumnTable =>
  typeof (input as ColumnTable)?.columnNames === 'function';

/** Options of {@link table}. */
export interface TableOptions {
  readonly title?: string;
  /** A line under the table, e.g. what its columns mean. */
  readonly note?: string;
  /** Decimals of numbers that are not whole, for all columns or by column. Default 3. */
  readonly digits?: number | Readonly<Record<string, number>>;
  /** The columns to show, in order, or their headings by name. Default: all, under their own names. */
  readonly columns?: readonly string[] | Readonly<Record<string, string>>;
}

interface Column {
  readonly heading: string;
  /** Numbers stand at the right. */
  readonly numeric: boolean;
  readonly cells: readonly string[];
}

/**
 * Shows rows as a table: HTML with inline styles (it survives untrusted notebooks) and aligned text outside a kernel.
 * @param rows a list of objects, or an arquero table
 * @throws rows that are no objects, or a column that no row has
 * @example
 * rog.table(rows,
 *   { title: 'Ours beside the paper', columns: { phi: 'obfuscation', psnr: 'PSNR (dB)' }, digits: { psnr: 2 } })
 */
export function table(rows: readonly Row[] | readonly object[] | ColumnTable, options: TableOptions = {}): void {
  const columns = readColumns('table', rows, options);
  display({ 'text/plain': tableText(rows, options), 'text/html': html(columns, options) });
}

/** The text that `table` prints outside a kernel. */
export function tableText(rows: readonly Row[] | readonly object[] | ColumnTable, options: TableOptions = {}): string {
  const columns = readColumns('tableText', rows, options);
  const widths = columns.map(({ heading, cells }) => Math.max(...[heading, ...cells].map((cell) => cell.length)));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => (columns[i]!.numeric ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  const body = Array.from({ length: columns[0]?.cells.length ?? 0 }, (_, r) =>
    line(columns.map(({ cells }) => cells[r]!)),
  );
  return [
    ...(options.title ? [options.title] : []),
    line(columns.map(({ heading }) => heading)),
    line(widths.map((width) => '-'.repeat(width))),
    ...body,
    ...(options.note ? [options.note] : []),
  ].join('\n');
}

function readColumns(where: string, input: readonly object[] | ColumnTable, options: TableOptions): Column[] {
  checkOptions(where, options, ['title', 'note', 'digits', 'columns']);
  const foreign = isColumnTable(input) ? input : undefined;
  const rows = (foreign ? foreign.objects() : input) as Row[];
  if (!Array.isArray(rows) || rows.some((row) => row === null || typeof row !== 'object'))
    throw problem(where, 'rows must be a list of objects or an arquero table', input, 'write [{ phi, psnr }]');
  const present = foreign ? foreign.columnNames() : [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const headings: [string, string][] = Array.isArray(options.columns)
    ? options.columns.map((name) => [name, name])
    : options.columns
      ? Object.entries(options.columns)
      : present.map((name) => [name, name]);
  const absent = rows.length > 0 ? headings.find(([name]) => !present.includes(name))?.[0] : undefined;
  if (absent !== undefined) {
    const near = nearest(absent, present);
    const fix = near ? `did you mean ${JSON.stringify(near)}?` : `columns: ${present.join(', ')}`;
    throw problem(where, `no row has a column ${JSON.stringify(absent)}`, undefined, fix);
  }
  return headings.map(([name, heading]) => {
    const values = rows.map((row) => row[name]);
    const numeric =
      values.some((v) => typeof v === 'number') &&
      values.every((v) => v === undefined || v === null || typeof v === 'number');
    const digits = typeof options.digits === 'object' ? options.digits[name] : options.digits;
    return { heading, numeric, cells: formatColumn(values, digits ?? 3) };
  });
}

/** All numbers of a column with the same decimals, none where every number is whole. */
function formatColumn(values: readonly unknown[], digits: number): string[] {
  const numbers = values.filter((v): v is number => typeof v === 'number' && Number.isFinite(v));
  const whole = numbers.every(Number.isInteger);
  const tiny =
    numbers.length > 0 &&
    numbers.every((v) => v === 0 || Math.abs(v) < 0.5 * 10 ** -digits) &&
    numbers.some((v) => v !== 0);
  return values.map((value) => {
    if (value === undefined || value === null) return '';
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '−∞';
      const text =
        tiny || Math.abs(value) >= 1e9 ? value.toExponential(digits) : whole ? String(value) : value.toFixed(digits);
      return text.replace(/^-/, '−');
    }
    if (typeof value === 'boolean') return value ? 'yes' : 'no';
    return ArrayBuffer.isView(value) || Array.isArray(value)
      ? Array.from(value as ArrayLike<unknown>).join(', ')
      : String(value);
  });
}

function html(columns: readonly Column[], { title, note }: TableOptions): string {
  const rule = '1px solid rgba(128,128,128,0.35)';
  const align = (column: Column) =>
    `text-align:${column.numeric ? 'right' : 'left'};padding:4px 14px 4px 4px;white-space:nowrap`;
  const head = columns.map(
    (c) =>
      `<th style="${align(c)};border-bottom:2px solid ` +
      `rgba(128,128,128,0.6);font-weight:600">${escapeHtml(c.heading)}</th>`,
  );
  const body = Array.from({ length: columns[0]?.cells.length ?? 0 }, (_, r) => {
    const cells = columns.map(
      (c) =>
        `<td style="${align(c)};border-bottom:${rule};font-variant-numeric:tabular-nums">` +
        `${escapeHtml(c.cells[r]!)}</td>`,
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  const caption = title
    ? '<caption style="text-align:left;font-weight:600;padding:4px;caption-side:top;color:inherit;' +
      `white-space:nowrap">${escapeHtml(title)}</caption>`
    : '';
  const foot = note
    ? `<tfoot><tr><td colspan="${columns.length}" style="text-align:left;padding:6px ` +
      `4px;font-size:12px;opacity:0.75;white-space:normal;max-width:700px">${escapeHtml(note)}</td></tr>` +
      '</tfoot>'
    : '';
  return (
    `<div style="overflow-x:auto;max-width:100%"><table style="border-collapse:collapse;font-size:13px;margin:4px 0">` +
    `${caption}<thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody>${foot}</table></div>`
  );
}

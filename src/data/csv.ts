import { LIMITS } from '../assets/limits.js';
import { problem } from '../core/errors.js';

/** One line of a comma-separated file. */
export interface CsvRow {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  /** Without quotes and the white space around them. */
  readonly cells: readonly string[];
}

const NEWLINE = 10;

/**
 * The rows of a comma-separated file (RFC 4180, but a cell ends with its line), one at a time; empty lines are left
 * out. Takes time in proportion to the bytes. Errors (starting with `where`): a line of more than 2^20 bytes, a quote
 * left open.
 */
export function* csvRows(where: string, bytes: Uint8Array): Generator<CsvRow, void> {
  const decoder = new TextDecoder();
  for (let at = 0, line = 1; at < bytes.length; line++) {
    const found = bytes.indexOf(NEWLINE, at);
    const end = found < 0 ? bytes.length : found;
    if (end - at > LIMITS.csvLine)
      throw problem(where, `line ${line} may have at most ${LIMITS.csvLine} bytes`, end - at);
    const text = decoder.decode(bytes.subarray(at, end)).trim();
    at = end + 1;
    if (text !== '') yield { line, text, cells: text.includes('"') ? quoted(where, line, text) : plain(text) };
  }
}

const plain = (text: string): string[] => {
  const cells = text.split(',');
  return /\s/.test(text) ? cells.map((cell) => cell.trim()) : cells;
};

/** Cells of a line with quotes; inside them `""` is a quote and a comma is a comma. */
function quoted(where: string, line: number, text: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let inside = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (inside && character === '"' && text[i + 1] === '"') cell += text[++i];
    else if (character === '"') inside = !inside;
    else if (character === ',' && !inside) {
      cells.push(cell.trim());
      cell = '';
    } else cell += character;
  }
  if (inside) throw problem(where, `line ${line} leaves a quote open`, text.slice(0, 80));
  return [...cells, cell.trim()];
}

/** The place of the first of some column names in a header, as written (`Image ID`, `image_id`); -1 without. */
export function columnOf(header: readonly string[], names: readonly string[]): number {
  const simple = header.map((cell) => cell.toLowerCase().replace(/[^a-z0-9]/g, ''));
  return names.map((name) => simple.indexOf(name)).find((at) => at >= 0) ?? -1;
}

/** Names of the columns that hold labels. */
export const LABEL_COLUMNS = ['label', 'labels', 'class', 'classname', 'classid', 'category', 'target', 'y'] as const;

/** Names of the columns that hold a picture's file. */
export const FILE_COLUMNS = [
  ...['file', 'filename', 'filepath', 'path', 'image', 'imagename', 'imageid', 'imagepath', 'img', 'picture', 'id'],
  'name',
] as const;

const PIXEL = /^(pixel_?\d+|\d+x\d+)$/i;

/** The places of the columns that hold pixels: `pixel0`, `pixel1`, ... or `1x1`, `1x2`, ... */
export const pixelColumns = (header: readonly string[]): number[] =>
  header.flatMap((cell, i) => (PIXEL.test(cell) ? [i] : []));

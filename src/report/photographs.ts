import jpeg from 'jpeg-js';
import type { NdArray } from '../core/types.js';
import { escapeHtml } from './chart/markup.js';

/** Images from this width on are photographs: looked at, not read pixel by pixel. */
const PHOTOGRAPH = 64;

/** Of JPEG, colour at full resolution: a sixth of the bytes of a PNG, and no difference to be seen. */
const QUALITY = 85;

/** Whether a batch holds photographs rather than small images of which every pixel counts. */
export const isPhotographs = ({ shape }: NdArray): boolean => shape[2]! >= PHOTOGRAPH;

/** The bytes of a JPEG file of one image, values clamped to [0, 1]; every `step`-th pixel of it. Synchronous. */
export function encodeJpeg({ shape, data }: NdArray, index: number, step = 1): Uint8Array {
  const [, height, width, channels] = shape as [number, number, number, number];
  const [rows, columns] = [Math.ceil(height / step), Math.ceil(width / step)];
  const pixels = new Uint8Array(rows * columns * 4);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const from = ((index * height + y * step) * width + x * step) * channels;
      for (let c = 0; c < 3; c++) {
        const value = data[from + (channels === 3 ? c : 0)]!;
        pixels[(y * columns + x) * 4 + c] = Math.round(Math.min(1, Math.max(0, value)) * 255);
      }
    }
  return jpeg.encode({ width: columns, height: rows, data: pixels }, QUALITY).data;
}

export interface PhotographGrid {
  readonly title?: string;
  readonly names?: readonly string[];
  readonly headings?: readonly string[];
  readonly captions?: readonly (readonly string[])[];
  /** Images beyond are left out. */
  readonly columns: number;
  /** CSS pixels per image pixel, by row. */
  readonly zoom: readonly number[];
  /** A small image of a row as PNG. */
  readonly png: (images: NdArray, index: number) => Uint8Array;
}

/** The grid as HTML: text in the page's colours, photographs as JPEG, small images by pixel; shrinks together. */
export function photographGrid(rows: readonly NdArray[], grid: PhotographGrid): string {
  const { title, names, headings, captions, columns, zoom } = grid;
  const widths = rows.map(({ shape }, r) => Math.round(shape[2]! * zoom[r]!));
  const cell = Math.max(...widths);
  const side = names ? SIDE : 0;
  const lines = Math.ceil(columns / MOST_BESIDE);
  const each = Math.ceil(columns / lines);
  const block = (from: number): string => {
    const to = Math.min(columns, from + each);
    const head = headings
      ? tr([...(names ? [''] : []), ...headings.slice(from, to)].map((text) => td(words(text), 'end')))
      : '';
    const body = rows.map((row, r) => {
      const name = names ? [td(`<b>${escapeHtml(names[r]!)}</b>`, 'name')] : [];
      const shown = Math.max(0, Math.min(to, row.shape[0]!) - from);
      const cells = Array.from({ length: shown }, (_, c) => {
        const caption = captions?.[r]?.[from + c];
        return td(picture(row, from + c, widths[r]!, grid.png) + (caption ? words(caption) : ''), 'cell');
      });
      return tr([...name, ...cells]);
    });
    const fixed = `${names ? `<col style="width:${SIDE}px">` : ''}<col span="${each}">`;
    return `<table style="${TABLE}"><colgroup>${fixed}</colgroup>${head}${body.join('')}</table>`;
  };
  const left = Math.max(...rows.map(({ shape }) => shape[0]!)) - columns;
  const more = left > 0 ? `<div style="font-size:13px;opacity:0.75">and ${left} more</div>` : '';
  return (
    `<div style="max-width:${side + each * (cell + 8)}px">` +
    (title ? `<div style="font-weight:600;margin:4px 0 8px">${escapeHtml(title)}</div>` : '') +
    `${Array.from({ length: lines }, (_, k) => block(k * each)).join('')}${more}</div>`
  );
}

/** Width of the names at the left, in CSS pixels. */
const SIDE = 112;
/** More go on below: on a page of common width each keeps 80 pixels. */
const MOST_BESIDE = 8;
const TABLE = 'width:100%;margin:0;border-collapse:collapse;font-size:13px;table-layout:fixed';

const LOOK = {
  end: 'text-align:center;vertical-align:bottom;padding:2px 4px',
  name: `text-align:left;vertical-align:middle;white-space:normal;padding:2px 8px 2px 0;width:${SIDE - 8}px`,
  cell: 'text-align:center;vertical-align:top;padding:2px 4px 8px;font-size:12px',
};

/** Broken at spaces only; a longer word ends with an ellipsis. */
const words = (text: string): string => `<div style="${WORDS}">${escapeHtml(text)}</div>`;
const WORDS = 'overflow:hidden;text-overflow:ellipsis;overflow-wrap:normal;word-break:normal';

const tr = (cells: readonly string[]): string => `<tr style="background:none">${cells.join('')}</tr>`;

const td = (html: string, look: keyof typeof LOOK): string => `<td style="border:0;${LOOK[look]}">${html}</td>`;

function picture(row: NdArray, index: number, width: number, png: PhotographGrid['png']): string {
  const large = isPhotographs(row);
  const [kind, bytes] = large ? ['jpeg', encodeJpeg(row, index)] : ['png', png(row, index)];
  const base64 = Buffer.from(bytes).toString('base64');
  return (
    `<img alt="" width="${width}" style="width:100%;max-width:${width}px;height:auto;margin:0 auto;display:block` +
    `${large ? '' : ';image-rendering:pixelated'}" src="data:image/${kind};base64,${base64}">`
  );
}

import { inflateRawSync } from 'node:zlib';
import { BOLD, LETTERS, REGULAR } from './glyphs.js';
import type { Raster } from './png.js';

interface Glyph {
  /** In pixels, fractional. */
  readonly advance: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Position of the first pixel, in half bytes. */
  readonly ink: number;
}

/** A typeface in one size: the letters' boxes and their ink. */
export interface Typeface {
  readonly glyphs: ReadonlyMap<string, Glyph>;
  readonly ink: Uint8Array;
  /** Distance of two baselines, in pixels. */
  readonly leading: number;
  /** Height of a capital letter, in pixels. */
  readonly capHeight: number;
}

export type Weight = 'regular' | 'bold';

/** Unpacks a typeface of glyphs.ts. Takes about a millisecond; keep the result while drawing one picture. */
export function typeface(weight: Weight): Typeface {
  const ink = inflateRawSync(Buffer.from(weight === 'bold' ? BOLD : REGULAR, 'base64'));
  const glyphs = new Map<string, Glyph>();
  let at = 0;
  for (const letter of LETTERS) {
    const [width, height] = [ink[at + 4]!, ink[at + 5]!];
    glyphs.set(letter, {
      advance: ink.readUInt16LE(at) / 16,
      left: ink.readInt8(at + 2),
      top: ink.readInt8(at + 3),
      width,
      height,
      ink: (at + 6) * 2,
    });
    at += 6 + Math.ceil((width * height) / 2);
  }
  return { glyphs, ink, leading: weight === 'bold' ? 34 : 30, capHeight: -glyphs.get('H')!.top };
}

const glyphOf = (face: Typeface, letter: string): Glyph =>
  face.glyphs.get(letter) ?? face.glyphs.get(letter.normalize('NFD')[0]!) ?? face.glyphs.get('?')!;

/** Width of a line in pixels. */
export function textWidth(face: Typeface, text: string): number {
  let width = 0;
  for (const letter of text) width += glyphOf(face, letter).advance;
  return width;
}

/** The text, cut and ended with an ellipsis where it is wider than `limit` pixels. */
export function fitText(face: Typeface, text: string, limit: number): string {
  let [width, end] = [textWidth(face, '…'), 0];
  let fits = '';
  for (const letter of text) {
    width += glyphOf(face, letter).advance;
    end += letter.length;
    if (end > letter.length && letter.trim() && width > limit) break;
    fits = text.slice(0, end);
  }
  return textWidth(face, text) <= limit ? text : `${fits.trimEnd()}…`;
}

/**
 * Words broken into lines no wider than `limit` pixels: at spaces; a single longer word, and what would stand in a line
 * beyond `most`, is cut and ended with an ellipsis.
 */
export function wrapText(face: Typeface, text: string, limit: number, most = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    const longer = `${last} ${word}`;
    if (last !== undefined && (lines.length >= most || textWidth(face, longer) <= limit))
      lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line) => fitText(face, line, limit));
}

/** A grey that reads on white and on black alike: about 4.3 to 1 on both. */
const SHADE = 120;

/** Writes a line into an RGBA picture, in a grey that reads on light and dark: `align` says which end `x` is. */
export function drawText(
  raster: Raster,
  face: Typeface,
  text: string,
  x: number,
  baseline: number,
  align: 'left' | 'middle' | 'right' = 'left',
): void {
  const width = textWidth(face, text);
  let pen = x - (align === 'middle' ? width / 2 : align === 'right' ? width : 0);
  for (const letter of text) {
    const glyph = glyphOf(face, letter);
    stamp(raster, face, glyph, Math.round(pen) + glyph.left, Math.round(baseline) + glyph.top);
    pen += glyph.advance;
  }
}

function stamp(raster: Raster, face: Typeface, glyph: Glyph, left: number, top: number): void {
  for (let y = 0; y < glyph.height; y++)
    for (let x = 0; x < glyph.width; x++) {
      const [column, row] = [left + x, top + y];
      if (column < 0 || row < 0 || column >= raster.width || row >= raster.height) continue;
      const half = glyph.ink + y * glyph.width + x;
      const cover = ((face.ink[half >> 1]! >> ((half & 1) * 4)) & 15) / 15;
      const pixel = (row * raster.width + column) * 4;
      raster.data.fill(SHADE, pixel, pixel + 3);
      raster.data[pixel + 3] = Math.max(raster.data[pixel + 3]!, Math.round(255 * cover));
    }
}

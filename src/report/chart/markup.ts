import { printable } from '../../core/printable.js';
import type { Title } from './types.js';

/** A number in SVG, to a hundredth of a pixel. */
export const n = (value: number): string => String(Math.round(value * 100) / 100);

/** Text for SVG or HTML: the simple tags that plotly allows are dropped, the rest is escaped. */
export const escapeText = (text: string): string => escapeHtml(plainText(text));

/** The text without the simple tags that plotly allows. */
export const plainText = (text: string): string =>
  text.replace(/<br\s*\/?>/g, ' ').replace(/<\/?(?:b|i|em|strong|sub|sup|span)\b[^<>]*>/g, '');

/** Text for HTML or SVG, as it is; what neither may hold becomes the sign for that. */
export const escapeHtml = (text: string): string => printable(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export const titleText = (title?: Title): string => (typeof title === 'string' ? title : (title?.text ?? ''));

/** An SVG document as the address of a picture. */
export const svgAddress = (svg: string): string => `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;

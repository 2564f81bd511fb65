import { joined, type Lines, type Output } from '../format.js';
import { asText } from './code.js';
import { renderMarkdown } from './markdown.js';

/** Longer printed texts are folded. */
const mostLines = 24;

/** What a cell showed, as HTML: the richest form that a page without a server can show. */
export function renderOutput(output: Output): string {
  if (output.output_type === 'stream') return text(joined(output.text), output.name);
  if (output.output_type === 'error') return `<pre class="error">${asText(clean(output.traceback.join('\n')))}</pre>`;
  const { data, metadata } = output;
  const form = forms.find(([mime]) => data[mime] !== undefined);
  if (!form) return '';
  return `<div class="shown">${form[1](joined(data[form[0]] as Lines), (metadata[form[0]] ?? {}) as Size, joined((data['text/plain'] ?? '') as Lines))}</div>`;
}

interface Size {
  readonly width?: number;
  readonly height?: number;
}

const picture =
  (mime: string) =>
  (base64: string, { width }: Size, alt: string) =>
    `<img alt="${asText(alt).replace(/"/g, '&quot;')}" src="data:${mime};base64,${base64.replace(/\s/g, '')}"${width ? ` width="${width}"` : ''}>`;

const forms: readonly [string, (value: string, size: Size, alt: string) => string][] = [
  ['text/html', (html) => html],
  ['image/png', picture('image/png')],
  ['image/jpeg', picture('image/jpeg')],
  ['image/svg+xml', (svg, _size, alt) => picture('image/svg+xml')(Buffer.from(svg).toString('base64'), {}, alt)],
  ['text/markdown', (markdown) => renderMarkdown(markdown).html],
  ['text/plain', (plain) => text(plain, 'stdout')],
];

function text(value: string, stream: string): string {
  const body = asText(clean(value).replace(/\n$/, ''));
  const lines = body.split('\n').length;
  const block = `<pre class="${stream}">${body}</pre>`;
  return lines <= mostLines ? block : `<details><summary>${lines} lines</summary>${block}</details>`;
}

/** Without terminal colours, and lines that overwrite themselves by their last state. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: asText sequences begin with one
const clean = (value: string): string => value.replace(/\u001b\[[\d;]*[A-Za-z]/g, '').replace(/[^\n]*\r(?!\n)/g, '');

import type { Output } from '../format.js';
import { asAttribute, asText } from './escape.js';
import { figureData } from './live-figures.js';
import { renderMarkdown } from './markdown.js';
import { sanitize } from './sanitize.js';

/** Is told in words what could not be shown. */
export type OnFault = (message: string) => void;

/** Longer printed texts are folded. */
const MOST_LINES = 24;

/** What a cell showed, as HTML: the richest form that a page without a server can show. */
export function renderOutput(output: Output, onFault: OnFault = () => {}): string {
  if (output.output_type === 'stream') return text(lines(output.text), output.name);
  if (output.output_type === 'error')
    return `<pre class="error">${asText(clean(output.traceback.map(String).join('\n')))}</pre>`;
  const { data = {}, metadata } = output;
  const form = forms.find(([mime]) => data[mime] !== undefined);
  if (!form) return '';
  const [mime, show] = form;
  const size = (metadata?.[mime] ?? {}) as Size;
  const html = show(lines(data[mime]), { ...size, alt: lines(data['text/plain'] ?? ''), onFault });
  return `<div class="shown">${html}${mime === 'text/html' ? figureData(data, html) : ''}</div>`;
}

/** The text of a form; a notebook from elsewhere may hold anything in its place. */
const lines = (value: unknown): string => (Array.isArray(value) ? value.map(String).join('') : String(value));

interface Size {
  readonly width?: unknown;
}

type Show = (value: string, around: Size & { readonly alt: string; readonly onFault: OnFault }) => string;

const picture =
  (mime: string): Show =>
  (base64, { width, alt, onFault }) => {
    const bytes = base64.replace(/\s+/g, '');
    if (!/^[\w+/]+={0,2}$/.test(bytes)) {
      onFault(`a picture (${mime}) is not base64`);
      return asText(alt);
    }
    const wide = Number.isFinite(width) ? ` width="${width}"` : '';
    return `<img alt="${asAttribute(alt)}" src="data:${mime};base64,${bytes}"${wide}>`;
  };

const forms: readonly [string, Show][] = [
  ['text/html', sanitize],
  ['image/png', picture('image/png')],
  ['image/jpeg', picture('image/jpeg')],
  [
    'image/svg+xml',
    (svg, { alt, onFault }) => picture('image/svg+xml')(Buffer.from(svg).toString('base64'), { alt, onFault }),
  ],
  [
    'text/markdown',
    (markdown, { onFault }) => {
      const { html, faults } = renderMarkdown(markdown);
      faults.forEach(onFault);
      return html;
    },
  ],
  ['text/plain', (plain) => text(plain, 'stdout')],
];

function text(value: string, stream: string): string {
  const body = asText(clean(value).replace(/\n$/, ''));
  const count = body.split('\n').length;
  const block = `<pre class="${stream === 'stderr' ? 'stderr' : 'stdout'}">${body}</pre>`;
  return count <= MOST_LINES ? block : `<details><summary>${count} lines</summary>${block}</details>`;
}

/** Without terminal colours, and lines that overwrite themselves by their last state. */
const clean = (value: string): string =>
  value
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes begin with one
    .replace(/\u001b\[[\d;]*[A-Za-z]/g, '')
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf('\r') + 1))
    .join('\n');

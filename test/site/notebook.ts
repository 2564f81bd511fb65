/** An executed notebook as a Markdown page: text, code, and what each cell showed; pictures become files beside it. */
import { createHash } from 'node:crypto';
import { type Cell, joined, type Notebook, notebookName, type Output } from '../../src/notebook/format.js';
import { renderMarkdown } from '../../src/notebook/page/markdown.js';
import { renderOutput } from '../../src/notebook/page/output.js';

export interface NotebookDocument {
  readonly title: string;
  readonly markdown: string;
  /** File name beside the page -> bytes. */
  readonly pictures: ReadonlyMap<string, Buffer>;
}

export function notebookDocument(notebook: Notebook, file: string): NotebookDocument {
  const pictures = new Map<string, Buffer>();
  const name = notebookName(file);
  const cells = notebook.cells.map((cell) => markdownOf(cell, name, pictures));
  const title = /^# (.*)$/m.exec(cells.join('\n'))?.[1]?.replace(/[*`]/g, '') ?? name;
  return { title: `${name.slice(0, 2)} ${title}`, markdown: cells.filter(Boolean).join('\n\n'), pictures };
}

function markdownOf(cell: Cell, name: string, pictures: Map<string, Buffer>): string {
  const source = joined(cell.source).trim();
  if (cell.cell_type === 'raw') return '';
  if (cell.cell_type === 'markdown') return withFormulas(source);
  const shown = (cell.outputs ?? []).map((output) => shownOutput(output, name, pictures)).filter(Boolean);
  return [`\`\`\`ts\n${source}\n\`\`\``, ...shown].join('\n\n');
}

/** Formulas as MathML within the text, code left as it is. */
const withFormulas = (source: string): string =>
  source
    .split(/(```.*?```|`[^`\n]+`)/s)
    .map((part, k) => (k % 2 ? part : part.replace(FORMULA, (raw) => oneLine(mathOf(raw)))))
    .join('');

const FORMULA = /(?<=^|\n)\$\$[^$]+\$\$(?=\n|$)|(?<![\w$\\])\$(?![\s$])(?:\\.|[^$\\\n]|\n(?![ \t]*\n))+\$(?!\d)/g;

const mathOf = (raw: string): string => renderMarkdown(raw).html.replace(/^<p>|<\/p>\s*$/g, '');

/** One line of HTML, which Markdown leaves alone. */
const oneLine = (html: string): string => html.trim().replace(/\n/g, '&#10;');

function shownOutput(output: Output, name: string, pictures: Map<string, Buffer>): string {
  const still = 'data' in output ? { ...output, data: { ...output.data, [LIVE]: undefined } } : output;
  const html = renderOutput(still).replace(PICTURE, (_, kind: string, base64: string) => {
    const bytes = Buffer.from(base64, 'base64');
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
    const file = `${name.slice(0, 2)}-${digest}.${kind === 'svg+xml' ? 'svg' : kind}`;
    pictures.set(file, bytes);
    return `src="${file}"`;
  });
  return html && `<div>${oneLine(html)}</div>`;
}

const LIVE = 'application/vnd.plotly.v1+json';
const PICTURE = /src="data:image\/([a-z+]+);base64,([^"]+)"/g;

import { renameSync, writeFileSync } from 'node:fs';
import { joined, type Notebook, notebookName } from '../format.js';
import { asText, highlight } from './code.js';
import { type Heading, renderMarkdown } from './markdown.js';
import { renderOutput } from './output.js';
import { style } from './style.js';

/** An executed notebook and how it went. */
export interface Chapter {
  readonly file: string;
  readonly notebook: Notebook;
  readonly seconds?: number;
  readonly failure?: { readonly cell: number; readonly message: string };
}

export interface PageOptions {
  /** Default `roglab`. */
  readonly title?: string;
  /** One line under the title: how the notebooks were run. */
  readonly subtitle?: string;
}

/**
 * All notebooks with what they show as one HTML page that needs nothing beside it: pictures are inside, formulas are MathML,
 * styles are in the head. Charts turn live when the pointer enters them, if plotly can be reached.
 */
export function renderPage(
  chapters: readonly Chapter[],
  { title = 'roglab', subtitle = '' }: PageOptions = {},
): string {
  const parts = chapters.map(renderChapter);
  const contents = parts.map(({ id, name, sections, failed }) => {
    const inner = sections.map((s) => `<li><a href="#${s.id}">${asText(s.text)}</a></li>`).join('');
    return `<li${failed ? ' class="failed"' : ''}><a href="#${id}">${asText(name)}</a>${inner ? `<ol>${inner}</ol>` : ''}</li>`;
  });
  return `<!doctype html>
<html lang="en" data-roglab>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${asText(title)}</title><style>${style}</style></head>
<body><div class="layout">
<nav aria-label="Contents"><strong>${asText(title)}</strong><ol>${contents.join('')}</ol></nav>
<main><header><h1>${asText(title)}</h1><p>${asText(subtitle)}</p></header>
${parts.map(({ html }) => html).join('\n')}
</main></div></body></html>
`;
}

/** Writes the page whole or not at all. */
export function writePage(file: string, chapters: readonly Chapter[], options: PageOptions = {}): void {
  const beside = `${file}.${process.pid}.tmp`;
  writeFileSync(beside, renderPage(chapters, options));
  renameSync(beside, file);
}

function renderChapter({ file, notebook, seconds, failure }: Chapter) {
  const id = notebookName(file);
  const headings: Heading[] = [];
  const body = notebook.cells.map((cell) => {
    const source = joined(cell.source);
    if (cell.cell_type === 'raw') return '';
    if (cell.cell_type === 'markdown') {
      const rendered = renderMarkdown(source, id);
      headings.push(...rendered.headings);
      return `<div class="text">${rendered.html}</div>`;
    }
    return `<pre class="code">${highlight(source.trimEnd())}</pre>${(cell.outputs ?? []).map(renderOutput).join('')}`;
  });
  const bad = failure ? `<p class="failure">Cell ${failure.cell} failed: ${asText(failure.message)}</p>` : '';
  const meta = `<p class="meta">${asText(id)}.ipynb${seconds === undefined ? '' : `, ran in ${duration(seconds)}`}</p>`;
  return {
    id,
    name: headings.find(({ depth }) => depth === 1)?.text ?? id,
    sections: headings.filter(({ depth }) => depth === 2),
    failed: failure !== undefined,
    html: `<article id="${asText(id)}">${bad}${body.join('\n')}${meta}</article>`,
  };
}

/** `41 s`, `3 min 20 s` */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

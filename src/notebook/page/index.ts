import { duration } from '../../core/units.js';
import { type Cell, joined, type Notebook, notebookName, type Output, writeWhole } from '../format.js';
import { highlight } from './code.js';
import { asAttribute, asText } from './escape.js';
import { FIGURE_START, plotlyAddress, policy, scriptElement } from './live-figures.js';
import { type Heading, type Rendered, renderMarkdown } from './markdown.js';
import { type OnFault, renderOutput } from './output.js';
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
  /** Address of plotly as the page sees it. Default: charts stay pictures; `writePage` finds it. */
  readonly plotly?: string;
}

/** What of a cell could not be shown. Cells of all kinds count from 1. */
export interface Fault {
  readonly name: string;
  readonly cell: number;
  readonly message: string;
}

/**
 * All notebooks with what they show as one HTML page that needs nothing beside it: pictures are inside, formulas are
 * MathML, styles are in the head. Nothing of a notebook runs on it; charts of ours turn live when the pointer enters
 * them, where plotly is near.
 */
export const renderPage = (chapters: readonly Chapter[], options: PageOptions = {}): string =>
  compose(chapters.map(renderChapter), options);

/** Writes the page whole or not at all. @returns what could not be shown; on the page it is named in its place */
export function writePage(file: string, chapters: readonly Chapter[], options: PageOptions = {}): readonly Fault[] {
  const page = growingPage(file, options);
  for (const chapter of chapters) page.add(chapter);
  return page.write();
}

/** A page that is written anew while its chapters come. */
export interface GrowingPage {
  /** The chapters stand in the order of their places; default behind all others. */
  readonly add: (chapter: Chapter, place?: number) => void;
  /**
   * Writes the page whole or not at all: with `running`, a line for each notebook at work, it shows them and loads
   * itself anew every few seconds. @returns what could not be shown
   */
  readonly write: (more?: { readonly subtitle?: string; readonly running?: readonly string[] }) => readonly Fault[];
}

/** The page of {@link writePage} while it grows; each chapter is drawn once. */
export function growingPage(file: string, options: PageOptions = {}): GrowingPage {
  const placed: { readonly place: number; readonly part: Part }[] = [];
  return {
    add: (chapter, place = Number.POSITIVE_INFINITY) => {
      const at = placed.findIndex((other) => other.place > place);
      placed.splice(at < 0 ? placed.length : at, 0, { place, part: renderChapter(chapter) });
    },
    write: (more) => {
      const parts = placed.map(({ part }) => part);
      writeWhole(file, compose(parts, { plotly: plotlyAddress(file), ...options, ...more }));
      return parts.flatMap(({ faults }) => faults);
    },
  };
}

/** Seconds after which a page that still grows loads itself anew. */
const RELOAD = 3;

type Composed = PageOptions & { readonly running?: readonly string[] };

function compose(parts: readonly Part[], { title = 'roglab', subtitle = '', plotly, running }: Composed): string {
  const contents = parts.map(({ id, name, sections, failed }) => {
    const inner = sections.map((s) => `<li><a href="#${asAttribute(s.id)}">${asText(s.text)}</a></li>`).join('');
    return (
      `<li${failed ? ' class="failed"' : ''}><a href="#${asAttribute(id)}">${asText(name)}` +
      `</a>${inner ? `<ol>${inner}</ol>` : ''}</li>`
    );
  });
  const body = parts.map((part) => part.html).join('\n');
  const live = plotly !== undefined && body.includes(FIGURE_START);
  const reload = running ? `<meta http-equiv="refresh" content="${RELOAD}">` : '';
  const atWork = (running ?? []).map((line) => `<li>${asText(line)}</li>`).join('');
  return `<!doctype html>
<html lang="en" data-roglab${live ? ` data-plotly="${asAttribute(plotly)}"` : ''}>
<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer">${reload}
<title>${asText(title)}</title><style>${style}</style></head>
<body><div class="layout">
<nav aria-label="Contents"><strong>${asText(title)}</strong><ol>${contents.join('')}</ol></nav>
<main><header><h1>${asText(title)}</h1><p>${asText(subtitle)}</p>${
    atWork && `<ul class="running" aria-label="At work">${atWork}</ul>`
  }</header>
${body}
</main></div>${live ? scriptElement : ''}</body></html>
`;
}

/** A chapter as the page holds it. */
type Part = ReturnType<typeof renderChapter>;

function renderChapter({ file, notebook, seconds, failure }: Chapter) {
  const name = notebookName(file);
  const id = name.replace(/[^\p{L}\p{N}._-]+/gu, '-');
  const headings: Heading[] = [];
  const faults: Fault[] = [];
  const body = notebook.cells.map((cell, i) => {
    const shown = renderCell(cell, id);
    headings.push(...shown.headings);
    faults.push(...shown.faults.map((message) => ({ name, cell: i + 1, message })));
    return `${shown.html}${shown.faults.map((message) => `<p class="fault">${asText(message)}</p>`).join('')}`;
  });
  const bad = failure ? `<p class="failure">Cell ${failure.cell} failed: ${asText(failure.message)}</p>` : '';
  const ran = seconds === undefined ? '' : `, ran in ${duration(seconds)}`;
  const meta = `<p class="meta">${asText(name)}.ipynb${ran}</p>`;
  return {
    id,
    name: headings.find(({ depth }) => depth === 1)?.text ?? name,
    sections: headings.filter(({ depth }) => depth === 2),
    failed: failure !== undefined || faults.length > 0,
    faults,
    html: `<article id="${asAttribute(id)}">${bad}${body.join('\n')}${meta}</article>`,
  };
}

/** One cell; whatever is wrong with it costs that cell alone. */
function renderCell(cell: Cell, id: string): Rendered {
  try {
    const source = joined(cell.source);
    if (cell.cell_type === 'raw') return { html: '', headings: [], faults: [] };
    if (cell.cell_type === 'markdown') {
      const text = renderMarkdown(source, id);
      return { ...text, html: `<div class="text">${text.html}</div>` };
    }
    const faults: string[] = [];
    const outputs = (cell.outputs ?? []).map((output) => shownOutput(output, (message) => faults.push(message)));
    const code = `<pre class="code">${highlight(source.trimEnd())}</pre>`;
    const shown = isFolded(cell) ? `<details><summary>code</summary>${code}</details>` : code;
    return { html: shown + outputs.join(''), headings: [], faults };
  } catch (error) {
    return { html: '', headings: [], faults: [`this cell cannot be shown: ${(error as Error).message}`] };
  }
}

/** JupyterLab's own mark of a cell whose code is folded. */
const isFolded = ({ metadata }: Cell): boolean =>
  (metadata?.jupyter as { source_hidden?: unknown } | undefined)?.source_hidden === true;

function shownOutput(output: Output, onFault: OnFault): string {
  try {
    return renderOutput(output, onFault);
  } catch (error) {
    onFault(`an output cannot be shown: ${(error as Error).message}`);
    return '';
  }
}

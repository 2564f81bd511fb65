import { Marked, type TokenizerAndRendererExtension, type Tokens } from 'marked';
import temml from 'temml';
import { asAttribute, asText } from './escape.js';
import { isSafeLink, sanitize } from './sanitize.js';

/** A heading as the page's contents list it. */
export interface Heading {
  readonly depth: number;
  readonly text: string;
  readonly id: string;
}

/** A text as HTML, and in words what of it could not be shown. */
export interface Rendered {
  readonly html: string;
  readonly headings: readonly Heading[];
  readonly faults: readonly string[];
}

/** Where a formula may begin. Searched as text: marked asks for it before every word that might begin something. */
const OPENING = {
  block: (source: string): number => source.indexOf('\n$$') + 1 || -1,
  inline: (source: string): number => {
    let at = source.indexOf('$');
    while (at >= 0 && /^[\s$]?$/.test(source.slice(at + 1, at + 2))) at = source.indexOf('$', at + 1);
    return at;
  },
};

/** What makes a macro, and names of the library's own: a few thousand characters of them grow to gigabytes. */
const DEFINES = /\\(?:(?:[egx]?def|(?:future)?let|(?:re)?newcommand|providecommand)(?![a-z])|[a-z]+@)/i;

const formula = (
  level: 'inline' | 'block',
  read: (source: string) => readonly [raw: string, text: string] | undefined,
  wrong: (message: string) => void,
): TokenizerAndRendererExtension => ({
  name: `${level} formula`,
  level,
  start: (source) => {
    const at = OPENING[level](source);
    return at < 0 ? undefined : at;
  },
  tokenizer(source) {
    const [raw, text] = read(source) ?? [];
    return raw === undefined ? undefined : { type: `${level} formula`, raw, text: text!.trim() };
  },
  renderer({ raw, text }) {
    try {
      if (DEFINES.test(raw)) throw new Error('macros are not defined on the page');
      return temml.renderToString(String(text), { displayMode: level === 'block', throwOnError: true });
    } catch (error) {
      const { name, message } = error as Error;
      // beside its own errors temml throws the engine's, where a script or an argument is missing
      const why = name === 'TypeError' ? 'something is missing in it, as after ^ or _' : message.split('\n')[0];
      wrong(`the formula ${raw.trim()} cannot be read: ${why}`);
      return `<code class="fault">${asText(raw.trim())}</code>`;
    }
  },
});

function readBlock(source: string): readonly [string, string] | undefined {
  if (!source.startsWith('$$')) return undefined;
  for (let end = source.indexOf('$$', 3); end > 0 && end < LONGEST; end = source.indexOf('$$', end + 1)) {
    const after = source[end + 2];
    if (after === undefined || after === '\n')
      return [source.slice(0, end + (after === undefined ? 2 : 3)), source.slice(2, end)];
  }
  return undefined;
}

/** Of a formula, in characters. */
const LONGEST = 5_000;

function readInline(source: string): readonly [string, string] | undefined {
  const [raw, text] = /^\$(?![\s$])((?:\\.|[^$\\\n]|\n(?![ \t]*\n))+)\$(?!\d)/.exec(source) ?? [];
  return text === undefined || /\s$/.test(text.slice(-1)) ? undefined : [raw!, text];
}

/** Longer texts are shown as they stand: reading Markdown can take time in the square of the length. */
const MOST = 15_000;

/**
 * Markdown with formulas as HTML that runs nothing. Headings get ids that begin with `prefix`; links to other notebooks
 * become links within the page. What cannot be read stands there as it was written, and is named in `faults`.
 */
export function renderMarkdown(source: string, prefix = ''): Rendered {
  const headings: Heading[] = [];
  const faults: string[] = [];
  const wrong = (message: string) => faults.push(message.length > 200 ? `${message.slice(0, 199)}…` : message);
  if (source.length > MOST) {
    wrong(`the text is longer than ${MOST} characters and is shown as it is`);
    return { html: asWritten(source), headings, faults };
  }
  const marked = new Marked({
    extensions: source.includes('$') ? [formula('block', readBlock, wrong), formula('inline', readInline, wrong)] : [],
    renderer: {
      heading({ tokens, depth, text }: Tokens.Heading) {
        const id = [prefix, slug(text)].filter(Boolean).join('-');
        headings.push({ depth, text: plain(text), id });
        return `<h${depth} id="${asAttribute(id)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        const inner = this.parser.parseInline(tokens);
        const target = linkTarget(href);
        if (target !== undefined && isSafeLink(href)) return `<a href="${asAddress(target)}">${inner}</a>`;
        if (target === undefined) wrong(`the link to ${href} cannot be read`);
        return `${inner} <code class="fault">${asText(href)}</code>`;
      },
    },
  });
  try {
    const html = marked.parse(source, { async: false });
    return { html: sanitize(html), headings, faults };
  } catch (error) {
    wrong((error as Error).message.split('\n')[0]!);
    return { html: asWritten(source), headings, faults };
  }
}

/** An ampersand stands for itself where it begins no character reference. */
const asAddress = (target: string): string => asAttribute(target).replace(/&amp;(?!#|[a-z\d]+;)/gi, '&');

const asWritten = (source: string): string => `<pre class="stdout">${asText(source)}</pre>`;

/** Links between notebooks stay on the page; undefined for an address that is none. */
function linkTarget(href: string): string | undefined {
  const other = /^(?:\.\/)?([\w.-]+)\.ipynb$/.exec(href);
  if (other) return `#${other[1]}`;
  try {
    return encodeURI(decodeURI(href));
  } catch {
    return undefined;
  }
}

const plain = (text: string): string =>
  text
    .replace(/[*_`]/g, '')
    .replace(/\[([^[\]]*)\]\([^()]*\)/g, '$1')
    .replace(/\$/g, '');

const slug = (text: string): string =>
  plain(text)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');

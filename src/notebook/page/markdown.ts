import { Marked, type TokenizerAndRendererExtension, type Tokens } from 'marked';
import temml from 'temml';

/** A heading as the page's contents list it. */
export interface Heading {
  readonly depth: number;
  readonly text: string;
  readonly id: string;
}

const formula = (name: string, level: 'inline' | 'block', pattern: RegExp): TokenizerAndRendererExtension => ({
  name,
  level,
  start: (source) => (level === 'block' ? /^\$\$/m : /\$/).exec(source)?.index,
  tokenizer(source) {
    const match = pattern.exec(source);
    return match ? { type: name, raw: match[0], text: match[1]!.trim() } : undefined;
  },
  renderer: (token) =>
    temml.renderToString(String(token.text), { displayMode: level === 'block', throwOnError: false }),
});

const formulas = [
  formula('formulaBlock', 'block', /^\$\$([\s\S]+?)\$\$(?:\n|$)/),
  formula('formula', 'inline', /^\$(?![\s$])((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)/),
];

/**
 * Markdown with formulas as HTML. Headings get ids that begin with `prefix`; links to other notebooks become links within the
 * page.
 */
export function renderMarkdown(source: string, prefix = ''): { html: string; headings: Heading[] } {
  const headings: Heading[] = [];
  const marked = new Marked({
    extensions: formulas,
    renderer: {
      heading({ tokens, depth, text }: Tokens.Heading) {
        const id = [prefix, slug(text)].filter(Boolean).join('-');
        headings.push({ depth, text: plain(text), id });
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        const other = /^(?:\.\/)?([\w.-]+)\.ipynb$/.exec(href);
        const target = other ? `#${other[1]}` : encodeURI(decodeURI(href)).replace(/"/g, '%22');
        return `<a href="${target}">${this.parser.parseInline(tokens)}</a>`;
      },
    },
  });
  return { html: marked.parse(source, { async: false }), headings };
}

const plain = (text: string): string =>
  text
    .replace(/[*_`]/g, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\$/g, '');

const slug = (text: string): string =>
  plain(text)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');

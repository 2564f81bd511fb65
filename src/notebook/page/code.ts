import { asText } from './escape.js';

const WORDS =
  'as|async|await|break|case|catch|const|continue|default|else|export|false|finally|for|from|function|if|import|in|' +
  'instanceof|interface|let|new|null|of|return|switch|throw|true|try|type|typeof|undefined|while';

/** What is never closed ends with the line or the text, so that no character is read twice. */
const token = new RegExp(
  [
    '(?<comment>//[^\\n]*|/\\*[\\s\\S]*?(?:\\*/|$))',
    `(?<string>'(?:\\\\.|[^'\\\\\\n])*(?:'|\\\\?(?=\\n|$))|"(?:\\\\.|[^"\\\\\\n])*(?:"` +
      `|\\\\?(?=\\n|$))|\`(?:\\\\[\\s\\S]|[^\`\\\\])*(?:\`|\\\\?$))`,
    `(?<word>\\b(?:${WORDS})\\b)`,
    '(?<number>\\b\\d[\\d_]*(?:\\.\\d+)?(?:e[+-]?\\d+)?\\b)',
  ].join('|'),
  'g',
);

/** TypeScript with comments, strings, keywords and numbers marked, as HTML. */
export function highlight(source: string): string {
  let html = '';
  let from = 0;
  for (const match of source.matchAll(token)) {
    const kind = Object.entries(match.groups!).find(([, text]) => text !== undefined)![0];
    html += `${asText(source.slice(from, match.index))}<span class="${kind}">${asText(match[0])}</span>`;
    from = match.index + match[0].length;
  }
  return html + asText(source.slice(from));
}

const words =
  'as|async|await|break|case|catch|const|continue|default|else|export|false|finally|for|from|function|if|import|in|instanceof|interface|let|new|null|of|return|switch|throw|true|try|type|typeof|undefined|while';
const token = new RegExp(
  [
    '(?<comment>//[^\\n]*|/\\*[\\s\\S]*?\\*/)',
    '(?<string>\'(?:\\\\.|[^\'\\\\\\n])*\'|"(?:\\\\.|[^"\\\\\\n])*"|`(?:\\\\.|[^`\\\\])*`)',
    `(?<word>\\b(?:${words})\\b)`,
    '(?<number>\\b\\d[\\d_]*(?:\\.\\d+)?(?:e[+-]?\\d+)?\\b)',
  ].join('|'),
  'g',
);

export const asText = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

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

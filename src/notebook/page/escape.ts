/** What neither HTML nor XML may hold as text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const IMPOSSIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** Text between tags. */
export const asText = (text: string): string =>
  String(text).replace(IMPOSSIBLE, '\ufffd').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** Text between the quotes of an attribute. */
export const asAttribute = (text: string): string => asText(text).replace(/"/g, '&quot;').replace(/'/g, '&#39;');

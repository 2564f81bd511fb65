/** What neither HTML nor XML may hold as text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const IMPOSSIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Cs}]/gu;

/** The text with U+FFFD for each character that no document may hold: most control characters, halves of pairs. */
export const printable = (text: string): string => text.replace(IMPOSSIBLE, '\ufffd');

import { printable } from '../../core/printable.js';

/** Text between tags. */
export const asText = (text: string): string =>
  printable(String(text)).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

export const asAttribute = (text: string): string => asText(text).replace(/"/g, '&quot;').replace(/'/g, '&#39;');

import { display } from './display.js';

/**
 * Shows a few words of Markdown under the cell, for a sentence with numbers that the cell has just computed.
 * @example rog.note(`The sign of the update costs **1 bit** per entry and still gives ${psnr[1].toFixed(1)} dB.`)
 */
export function note(markdown: string): void {
  display({ 'text/plain': markdown, 'text/markdown': markdown });
}

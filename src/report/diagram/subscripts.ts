import { escapeHtml, n } from '../chart/markup.js';

/** A stretch of a line: on the line, or below or above it. */
export interface Run {
  readonly text: string;
  readonly shift: 'line' | 'below' | 'above';
}

const SCRIPT = /([_^])(?:\{([^{}]*)\}|(\S))/g;

/** `w_0` and `w_{t+1}` have a part below the line, `x^2` one above: a line of text as its runs. */
export function runsOf(line: string): Run[] {
  const runs: Run[] = [];
  let from = 0;
  const plain = (to: number): void => {
    if (to > from) runs.push({ text: line.slice(from, to), shift: 'line' });
  };
  for (const found of line.matchAll(SCRIPT)) {
    plain(found.index);
    runs.push({ text: found[2] ?? found[3]!, shift: found[1] === '_' ? 'below' : 'above' });
    from = found.index + found[0].length;
  }
  plain(line.length);
  return runs;
}

/** Size of what stands below or above the line, as a share of the line's. */
export const SMALL = 0.72;

const SHIFT = { line: 0, below: 0.25, above: -0.4 } as const;

/** The runs as SVG: each moves the pen down or up, and the next one back. */
export function spansOf(runs: readonly Run[], size: number): string {
  let at = 0;
  return runs
    .map(({ text, shift }) => {
      const to = SHIFT[shift] * size;
      const dy = to === at ? '' : ` dy="${n(to - at)}"`;
      at = to;
      return `<tspan${dy}${shift === 'line' ? '' : ` font-size="${n(SMALL * size)}"`}>${escapeHtml(text)}</tspan>`;
    })
    .join('');
}

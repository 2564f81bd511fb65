import { checkOptions, number } from '../core/options.js';
import type { NdArray, Progress } from '../core/types.js';
import { displaySlot, inKernel, isHeadless } from './display.js';
import { boardHtml, isOver, type View, viewHtml, viewLine } from './progress-view.js';

/** Options of {@link progress}. */
export interface ProgressOptions {
  /** Shortest time between updates of the view, in milliseconds. Default 100; 2000 unwatched (ROGLAB_HEADLESS). */
  readonly interval?: number;
  /** Show the current pictures. Default true. */
  readonly images?: boolean;
  /** Words about the current pictures, for a study that knows the truth: `liveScores(batch)`. Default none. */
  readonly scores?: (images: NdArray) => string;
}

/** What an attack takes as `onProgress`. */
export type OnProgress = (event: Progress) => void;

/**
 * One live view of a running attack, updated in place: a bar with the time left, the objective so far, the current
 * pictures. Give the returned function to an attack as `onProgress`. Updates are throttled, to a tenth of the time at
 * most; the last one is always shown, and what stays in the notebook is a line, a small curve and the pictures, a few
 * kB. Outside a kernel: one line on a terminal, else only the end. A list of titles makes one view with the attacks
 * side by side, and returns a function for each.
 * @throws an unknown option or an interval below 20 ms
 * @example const result = await rog.rog(observed, { onProgress: rog.progress('3-bit uniform') })
 * @example
 * const [a, b] = rog.progress(['3 bits', 'signs']);
 *   await Promise.all([rog.rog(seen3, { onProgress: a }), rog.rog(seen1, { onProgress: b })])
 */
export function progress(title: string, options?: ProgressOptions): OnProgress;
export function progress(titles: readonly string[], options?: ProgressOptions): OnProgress[];
export function progress(
  titles: string | readonly string[],
  options: ProgressOptions = {},
): OnProgress | readonly OnProgress[] {
  checkOptions('progress', options, ['interval', 'images', 'scores']);
  const interval = number('progress', 'interval', options.interval ?? (isHeadless() ? 2000 : 100), 20, 600_000);
  const shared = { pictures: options.images ?? true, scores: options.scores };
  const views: View[] = [titles].flat().map((title) => ({ title, curve: [], ...shared }));
  const show = inKernel() ? showInSlot() : showInTerminal();
  let shownAt = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = interval;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const began = performance.now();
    show(views);
    shownAt = performance.now();
    pause = Math.max(interval, 9 * (shownAt - began));
  };
  const reporters = views.map((_, i) => (event: Progress): void => {
    const { curve, ...view } = views[i]!;
    if (!event.ended) (curve as number[]).push(event.objective);
    views[i] = { ...view, curve, latest: event };
    const wait = shownAt + pause - performance.now();
    if (wait <= 0 || isOver(event)) flush();
    else timer ??= setTimeout(flush, wait);
  });
  return typeof titles === 'string' ? reporters[0]! : reporters;
}

type Show = (views: readonly View[]) => void;

function showInSlot(): Show {
  const slot = displaySlot();
  return (views) => {
    const lines = views.map(viewLine);
    const html = views.map((view, i) => viewHtml(view, lines[i]!));
    slot({ 'text/plain': lines.join('\n'), 'text/html': html.length === 1 ? html[0] : boardHtml(html) });
  };
}

function showInTerminal(): Show {
  const { stderr } = process;
  return (views) => {
    const line = views.map(viewLine).join(' | ');
    const done = views.every(({ latest }) => latest && isOver(latest));
    if (stderr.isTTY) stderr.write(`\r${line}\u001b[K${done ? '\n' : ''}`);
    else if (done) stderr.write(`${line}\n`);
  };
}

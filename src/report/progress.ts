import { checkOptions, number } from '../core/options.js';
import type { Progress } from '../core/types.js';
import { escapeHtml } from './chart/markup.js';
import { sparkline } from './chart/sparkline.js';
import { displaySlot, inKernel, isHeadless } from './display.js';
import { thumbnails } from './thumbnails.js';

export interface ProgressOptions {
  /** Shortest time between two updates of the view, in milliseconds. Default 100; 2000 when nobody watches (ROGLAB_HEADLESS). */
  readonly interval?: number;
  /** Show the current pictures. Default true. */
  readonly images?: boolean;
}

interface State {
  readonly title: string;
  readonly latest: Progress;
  readonly curve: readonly number[];
  readonly pictures: boolean;
}

/**
 * One live view of a running attack, updated in place: a bar with the time left, the objective so far, the current pictures.
 * Give the returned function to an attack as `onProgress`. Updates are throttled; the last one is always shown, and what stays
 * in the notebook is a line, a small curve and the pictures, a few kB. Outside a kernel: one line on a terminal, else only the end.
 * @throws for an unknown option or an interval below 20 ms
 * @example const result = await rog(observed, { onProgress: progress('3-bit uniform') })
 */
export function progress(title: string, options: ProgressOptions = {}): (event: Progress) => void {
  checkOptions('progress', options, ['interval', 'images']);
  const interval = number('progress', 'interval', options.interval ?? (isHeadless() ? 2000 : 100), 20, 600_000);
  const show = inKernel() ? showInSlot() : showInTerminal();
  const curve: number[] = [];
  let latest: Progress | undefined;
  let shownAt = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    shownAt = performance.now();
    show({ title, latest: latest!, curve, pictures: options.images ?? true });
  };
  return (event) => {
    latest = event;
    curve.push(event.objective);
    const wait = shownAt + interval - performance.now();
    if (wait <= 0 || event.closure >= event.total) flush();
    else timer ??= setTimeout(flush, wait);
  };
}

type Show = (state: State) => void;

function showInSlot(): Show {
  const slot = displaySlot();
  return (state) => slot({ 'text/plain': line(state), 'text/html': html(state) });
}

function showInTerminal(): Show {
  const { stderr } = process;
  return (state) => {
    const done = state.latest.closure >= state.latest.total;
    if (stderr.isTTY) stderr.write(`\r${line(state)}\u001b[K${done ? '\n' : ''}`);
    else if (done) stderr.write(`${line(state)}\n`);
  };
}

/** `3-bit: 120/200 closures, objective 1.2e-3, 4.1 s, 2.7 s left` */
function line({ title, latest: { closure, total, objective, seconds: spent, secondsLeft } }: State): string {
  const left = closure < total && Number.isFinite(secondsLeft) ? `, ${seconds(secondsLeft)} left` : '';
  return `${title}: ${closure}/${total} closures, objective ${brief(objective)}, ${seconds(spent)}${left}`;
}

const brief = (value: number): string =>
  value === 0 || (Math.abs(value) >= 0.01 && Math.abs(value) < 1e4)
    ? String(Number(value.toPrecision(3)))
    : value.toExponential(1);

function seconds(value: number): string {
  if (value < 10) return `${value.toFixed(1)} s`;
  return value < 100 ? `${Math.round(value)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

function html(state: State): string {
  const { title, latest, curve, pictures } = state;
  const share = Math.round((100 * latest.closure) / latest.total);
  const bar =
    latest.closure >= latest.total
      ? ''
      : `<div style="background:rgba(128,128,128,0.25);border-radius:3px;height:6px;width:460px;max-width:100%;margin:4px 0 8px"><div style="background:#0072b2;border-radius:3px;height:6px;width:${share}%"></div></div>`;
  const text = line(state).slice(title.length + 2);
  const strip = pictures ? thumbnails(latest.images()) : '';
  return `<div style="font-size:13px;margin:2px 0"><b>${escapeHtml(title)}</b> <span style="opacity:0.75;font-variant-numeric:tabular-nums">${escapeHtml(text)}</span>${bar}<div style="margin-top:6px">${sparkline(curve, latest.total)}${strip}</div></div>`;
}

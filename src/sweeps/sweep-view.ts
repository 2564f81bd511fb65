import { escapeHtml } from '../report/chart/markup.js';
import { PALETTE } from '../report/chart/theme.js';
import { displaySlot, inKernel, isHeadless } from '../report/index.js';
import { progressLine, reasonLines, type SweepProgress } from './sweep-progress.js';

/** One live view of a sweep: in a notebook a bar, replaced in place; on a terminal a line; else a line a minute. */
export function sweepView(): (progress: SweepProgress) => void {
  const show = inKernel() ? inSlot() : process.stderr.isTTY ? onTerminal : asLog;
  const interval = inKernel() ? (isHeadless() ? 5000 : 300) : process.stderr.isTTY ? 200 : 60_000;
  let shownAt = Number.NEGATIVE_INFINITY;
  let waiting: string | undefined;
  return (progress) => {
    const now = performance.now();
    const news = progress.ended || progress.waiting !== waiting;
    if (!news && now - shownAt < interval) return;
    shownAt = now;
    waiting = progress.waiting;
    show(progress);
  };
}

const textOf = (progress: SweepProgress): string =>
  [progressLine(progress), ...reasonLines(progress).map((line) => `  ${line}`)].join('\n');

function inSlot(): (progress: SweepProgress) => void {
  const slot = displaySlot();
  return (progress) => slot({ 'text/plain': textOf(progress), 'text/html': viewHtml(progress) });
}

function onTerminal(progress: SweepProgress): void {
  const text = progress.ended ? `${textOf(progress)}\n` : progressLine(progress);
  process.stderr.write(`\r\u001b[K${text}`);
}

const asLog = (progress: SweepProgress): void => {
  process.stderr.write(`${progress.ended ? textOf(progress) : progressLine(progress)}\n`);
};

/** A bar while it runs, the line, and what failed. */
export function viewHtml(progress: SweepProgress): string {
  const { total, done, failed, ended, name } = progress;
  const line = progressLine(progress).slice(name.length + 2);
  const part = (count: number, colour: string): string =>
    `<div style="background:${colour};height:6px;width:${(100 * count) / Math.max(1, total)}%"></div>`;
  const bar = ended
    ? ''
    : '<div style="display:flex;background:rgba(128,128,128,0.25);border-radius:3px;overflow:hidden;height:6px;' +
      `width:460px;max-width:100%;margin:4px 0 8px">${part(done, PALETTE[0]!)}${part(failed, PALETTE[1]!)}` +
      '</div>';
  const reasons = reasonLines(progress).map((text) => `<div style="opacity:0.75">${escapeHtml(text)}</div>`);
  return (
    `<div style="font-size:13px;margin:2px 0"><b>${escapeHtml(name)}</b> <span ` +
    `style="opacity:0.75;font-variant-numeric:tabular-nums">${escapeHtml(line)}</span>${bar}${reasons.join('')}` +
    '</div>'
  );
}

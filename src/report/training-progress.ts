import { number } from '../core/options.js';
import { duration } from '../core/units.js';
import { resolveFigure } from './chart/figure.js';
import { escapeHtml, svgAddress } from './chart/markup.js';
import { drawPicture } from './chart/picture.js';
import type { Layout, Trace } from './chart/types.js';
import { displaySlot, inKernel, isHeadless } from './display.js';

/** Where a training is after a round. `federate` gives it to its `onRound`. */
export interface TrainingEvent {
  readonly round: number;
  readonly rounds: number;
  readonly loss: number;
  readonly seconds: number;
  readonly secondsLeft: number;
  /** All rounds so far; accuracies from 0 to 1 where they were measured. */
  readonly history: readonly { readonly round: number; readonly loss: number; readonly accuracy?: number }[];
}

/**
 * One live view of a federated training, updated in place: round, loss, time left, and the curves of loss and test
 * accuracy. Give the returned function to `federate` as `onRound`. The last round is always shown and stays in the
 * notebook. Outside a kernel: one line at the end.
 * @param interval shortest time between two updates in milliseconds; default 250, 5000 when nobody watches
 * @example
 * await rog.federate(model, data, clients,
 *   { rounds: 4, cohort: 2, localSteps: 5, finalImages: 500, onRound: rog.charts.trainingProgress('no noise') })
 */
export function trainingProgress(title: string, interval = isHeadless() ? 5000 : 250): (event: TrainingEvent) => void {
  number('trainingProgress', 'interval', interval, 0, 600_000);
  const slot = inKernel() ? displaySlot() : undefined;
  let shownAt = Number.NEGATIVE_INFINITY;
  return (event) => {
    const ends = event.round >= event.rounds;
    if (!ends && (!slot || performance.now() - shownAt < interval)) return;
    shownAt = performance.now();
    const text = trainingLine(title, event);
    if (slot) slot({ 'text/plain': text, 'text/html': html(text, event) });
    else process.stderr.write(`${text}\n`);
  };
}

/** `no noise: round 8 of 80, loss 1.553, accuracy 47.6 %, 42 s, 8 min 30 s left` */
export function trainingLine(
  title: string,
  { round, rounds, loss, seconds, secondsLeft, history }: TrainingEvent,
): string {
  const accuracy = history.findLast((point) => point.accuracy !== undefined)?.accuracy;
  return [
    `${title}: round ${round} of ${rounds}`,
    `loss ${loss.toFixed(3)}`,
    ...(accuracy === undefined ? [] : [`accuracy ${(100 * accuracy).toFixed(1)} %`]),
    duration(seconds),
    ...(round < rounds ? [`${duration(secondsLeft)} left`] : []),
  ].join(', ');
}

function html(text: string, event: TrainingEvent): string {
  const figure = resolveFigure(...curves(event));
  const image =
    `<img alt="${escapeHtml(text)}" width="${figure.width}" height="${figure.height}" ` +
    `style="max-width:100%;height:auto" src="${svgAddress(drawPicture(figure))}">`;
  return `<div style="font-size:13px;margin:2px 0">${escapeHtml(text)}<div style="margin-top:6px">${image}</div></div>`;
}

/** Loss beside accuracy; the loss alone while nothing was measured. */
export function curves({ rounds, history }: TrainingEvent): [readonly Trace[], Layout] {
  const measured = history.filter((point) => point.accuracy !== undefined);
  const across = { title: 'round', range: [0, rounds] as const };
  const x = (points: TrainingEvent['history']) => points.map(({ round }) => round);
  const loss: Trace = { name: 'loss', x: x(history), y: history.map((point) => point.loss), mode: 'lines' };
  const accuracy: Trace = {
    name: 'test accuracy',
    mode: 'lines+markers',
    xaxis: 'x2',
    yaxis: 'y2',
    x: x(measured),
    y: measured.map((point) => 100 * point.accuracy!),
  };
  const size = { width: 640, height: 220, showlegend: false };
  if (measured.length === 0) return [[loss], { ...size, xaxis: across, yaxis: { title: 'loss' } }];
  const axes = { xaxis: across, yaxis: { title: 'loss' }, xaxis2: across, yaxis2: { title: 'test accuracy (%)' } };
  return [[loss, accuracy], { ...size, grid: { rows: 1, columns: 2 }, ...axes }];
}

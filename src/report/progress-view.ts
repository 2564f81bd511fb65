import type { NdArray, Progress } from '../core/types.js';
import { duration } from '../core/units.js';
import { escapeHtml } from './chart/markup.js';
import { sparkline } from './chart/sparkline.js';
import { PALETTE } from './chart/theme.js';
import { thumbnails } from './thumbnails.js';

/** What a live view of an attack shows. */
export interface View {
  readonly title: string;
  /** Nothing before the attack's first closure. */
  readonly latest?: Progress;
  readonly curve: readonly number[];
  readonly pictures: boolean;
  readonly scores?: (images: NdArray) => string;
}

/** Nothing more will come. */
export const isOver = ({ closure, total, ended }: Progress): boolean => closure >= total || ended !== undefined;

/** `3-bit: 120/200 closures, objective 1.2e-3, 4.1 s, 2.7 s left`; at the end `3-bit: stopped after 120 ...`. */
export function viewLine(view: View): string {
  const { title, latest, scores } = view;
  if (!latest) return `${title}: waiting`;
  const { closure, total, objective, seconds: spent, secondsLeft, ended, images } = latest;
  const count = ended ? `${ended} after ${closure} of ${total} closures` : `${closure}/${total} closures`;
  const left = !isOver(latest) && Number.isFinite(secondsLeft) ? `, ${duration(secondsLeft)} left` : '';
  const known = scores ? `, ${scores(images())}` : '';
  return `${title}: ${count}, objective ${brief(objective)}${known}, ${duration(spent)}${left}`;
}

const brief = (value: number): string =>
  value === 0 || (Math.abs(value) >= 0.01 && Math.abs(value) < 1e4)
    ? String(Number(value.toPrecision(3)))
    : value.toExponential(1);

export function viewHtml({ title, latest, curve, pictures }: View, line: string): string {
  const text = line.slice(title.length + 2);
  const bar =
    !latest || isOver(latest)
      ? ''
      : '<div style="background:rgba(128,128,128,0.25);border-radius:3px;height:6px;width:460px;max-width:100%;' +
        'margin:4px 0 8px"><div ' +
        `style="background:${PALETTE[0]};border-radius:3px;height:6px;width:` +
        `${Math.round((100 * latest.closure) / latest.total)}%"></div></div>`;
  const body = latest ? `${sparkline(curve)}${pictures ? thumbnails(latest.images()) : ''}` : '';
  return (
    `<div style="font-size:13px;margin:2px 0"><b>${escapeHtml(title)}</b> <span ` +
    `style="opacity:0.75;font-variant-numeric:tabular-nums">${escapeHtml(text)}</span>${bar}<div ` +
    `style="margin-top:6px">${body}</div></div>`
  );
}

const BOARD_WIDTH = 350;
const BESIDE = `display:inline-block;vertical-align:top;width:${BOARD_WIDTH}px;max-width:100%;margin:0 20px 12px 0`;

/** Several views beside each other, as many as the page is wide. */
export const boardHtml = (views: readonly string[]): string =>
  `<div>${views.map((view) => `<div style="${BESIDE}">${view}</div>`).join('')}</div>`;

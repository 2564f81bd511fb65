/** Every way of a text through report/ and cli/, and how its time grows with the text's length. */
import { readFlags } from '../../src/cli/flags.js';
import { nearest, problem } from '../../src/core/errors.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { resolveFigure } from '../../src/report/chart/figure.js';
import { chartHtml } from '../../src/report/chart/live-chart.js';
import { escapeHtml, escapeText } from '../../src/report/chart/markup.js';
import { imageGridPng, plotSvg, tableText } from '../../src/report/index.js';
import { fitText, typeface, wrapText } from '../../src/report/lettering.js';
import { viewHtml, viewLine } from '../../src/report/progress-view.js';

type Way = (text: string) => unknown;

const face = typeface('regular');
const dots = { x: [1, 2], y: [1, 2] };
const picture = { shape: [1, 8, 8, 3], data: new Float32Array(192) };
/** What it refuses, it must refuse soon. */
const refusing =
  (way: Way): Way =>
  (text) => {
    try {
      return way(text);
    } catch (error) {
      return error;
    }
  };

export const WAYS: Readonly<Record<string, Way>> = {
  escapeText,
  escapeHtml,
  fitText: (text) => fitText(face, text, 400),
  wrapText: (text) => wrapText(face, text, 400),
  'chart: title': (text) => plotSvg([dots], { title: text }),
  'chart: names': (text) => plotSvg([dots, dots].map((dot) => ({ ...dot, name: text }))),
  'chart: axes': (text) => plotSvg([dots], { xaxis: { title: text }, yaxis: { title: text } }),
  'chart: categories': (text) => plotSvg([{ x: [text, `${text}b`], y: [1, 2] }]),
  'chart: texts': (text) => plotSvg([{ ...dots, mode: 'text', text: [text, text] }]),
  'chart: notes': (text) => plotSvg([dots], { annotations: [{ text, x: 1, y: 1 }] }),
  'chart: live': (text) => chartHtml(resolveFigure([{ ...dots, name: text }], { title: text }), '<svg/>', text, true),
  table: (text) => tableText([{ [text]: text }], { title: text, note: text }),
  grid: (text) => imageGridPng([picture, picture], { rows: [text, text], captions: [[text], [text]] }),
  view: (text) => {
    const view = { title: text, curve: [1], pictures: false };
    return viewHtml(view, viewLine(view));
  },
  'flag: name': refusing((text) => readFlags('run', [`--${text}`], { only: 'string' })),
  'flag: value': refusing((text) => readFlags('run', ['--only', text], { only: 'string' })),
  'flag: word': refusing((text) => readFlags('run', [text], { only: 'string' })),
  'phi: name': refusing(parseObfuscation),
  'phi: number': refusing((text) => parseObfuscation(`quantize:${text}`)),
  nearest: (text) => nearest(text, [`${text}b`, 'name']),
  problem: (text) => problem(text, text, text, text),
};

const SHORT = 40_000;
/** Milliseconds that say nothing; of the shortest step of a square law 80,000 characters take seconds. */
const LITTLE = 100;

function milliseconds(way: Way, text: string): number {
  const began = process.cpuUsage();
  way(text);
  const { user } = process.cpuUsage(began);
  return user / 1000;
}

/**
 * How the way's time grows from n characters to 2 n, where it takes any: the best of three, and of three times three
 * where that is over 3, for the machine may be busy.
 */
export function growth(way: Way, textOf: (length: number) => string): number {
  const least = (length: number): number => Math.min(...[1, 2, 3].map(() => milliseconds(way, textOf(length))));
  if (milliseconds(way, textOf(2 * SHORT)) < LITTLE) return 1;
  let [once, twice] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let go = 0; go < 3 && (go === 0 || twice > 3 * once); go++) {
    twice = Math.min(twice, least(2 * SHORT));
    once = Math.min(once, least(SHORT));
  }
  return twice < LITTLE ? 1 : twice / once;
}

/** So many characters of pieces, one after the other. */
export const repeated =
  (piece: string) =>
  (length: number): string =>
    piece.repeat(Math.ceil(length / piece.length));

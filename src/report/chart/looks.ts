import { isHeat } from './marks.js';
import { GREY, PALETTE, SYMBOLS } from './theme.js';
import type { Look, Trace } from './types.js';

/**
 * What the series of this field are called, and their place in the palette (-1: the grey of things to compare with):
 * the same in every chart. The first that fits counts.
 */
const NAMED: readonly (readonly [RegExp, number])[] = [
  [/^own mean colour|^the talk|^exact$|^DLG|^as predicted|^perfect privacy/, -1],
  [/^(?:no (?:φ|phi)|none)(?![\w-])/, -1],
  [/closed[ -]form/i, 7],
  [/restored/, 2],
  [/\bROGS\b/, 1],
  [/^label only/, 3],
  [/ROG \(paper\)|paper preset|rog-paper/, 4],
  [/(?:Inverting Gradients|IG), TV/, 1],
  [/Inverting Gradients|invertingGradients/, 3],
  [/^iDLG|sign of FedAvg/, 5],
  [/^GradInversion/, 6],
  [/\brog\(\)|\braw\b/, 0],
  [/^signs?\b/, 3],
  [/^(?:uniform|quantize)\b/, 0],
  [/^qsgd\b/i, 1],
  [/^top-?k\b/i, 2],
  [/^noise\b/, 4],
];

const DASHES = ['solid', 'dash', 'dot', 'dashdot'] as const;
const FADED = [1, 0.6, 0.35] as const;
const PLAIN: Look = { colour: PALETTE[0]!, symbol: 'circle', dash: 'solid', opacity: 1 };

/**
 * Looks by the series' names: one name has one look in every panel of a chart, and names of the field have their colour
 * in every chart; other names take the colours that are left, in order. Names that share a colour differ in mark and
 * dash, bars in strength. A band without a name looks like the line after it.
 */
export function looksOf(traces: readonly Trace[]): Look[] {
  const keys = traces.map(keyOf);
  const looks = new Map<string, Look>();
  const distinct = [...new Set(keys.filter((_, i) => !isHeat(traces[i]!)))];
  const taken = new Set(distinct.map(placeOf));
  const places = PALETTE.map((_, place) => place);
  const free = places.filter((place) => !taken.has(place));
  const turns = new Map<number, number>();
  let others = 0;
  for (const key of distinct) {
    const place = placeOf(key) ?? [...free, ...places][others++ % (free.length + places.length)]!;
    const turn = turns.get(place) ?? 0;
    turns.set(place, turn + 1);
    looks.set(key, {
      colour: PALETTE[place] ?? GREY,
      symbol: SYMBOLS[(place + 1 + 3 * turn) % SYMBOLS.length]!,
      dash: DASHES[turn % DASHES.length]!,
      opacity: FADED[Math.min(turn, FADED.length - 1)]!,
    });
  }
  return keys.map((key) => looks.get(key) ?? PLAIN);
}

const placeOf = (key: string): number | undefined => NAMED.find(([pattern]) => pattern.test(key))?.[1];

/** Nameless series are each their own; a band is that of the line it lies under. */
function keyOf(trace: Trace, index: number, all: readonly Trace[]): string {
  const own = trace.fill === 'toself' && !trace.name ? all.slice(index).find(({ fill }) => fill !== 'toself') : trace;
  return own?.name || `\n${own ? all.indexOf(own) : index}`;
}

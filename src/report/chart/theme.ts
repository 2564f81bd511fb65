/** The one look of all charts: no ground, and greys that read on white (4.4 to 1) and on #111 (4.2 to 1). */
export const theme = {
  width: 720,
  height: 420,
  font: 'Inter, "Helvetica Neue", Helvetica, Arial, sans-serif',
  ink: '#717983',
  soft: '#7a828c',
  grid: 'rgba(128,128,128,0.22)',
  axis: 'rgba(128,128,128,0.6)',
  paper: 'rgba(0,0,0,0)',
  /** Letters and lines on colours, whichever the colour is. */
  onColour: { dark: '#1f2328', light: '#ffffff' },
  size: { title: 16, axis: 13, tick: 12, legend: 12.5 },
} as const;

/** Okabe and Ito's colours without yellow, a brown and a violet: distinct to every reader on white and on black. */
export const PALETTE: readonly string[] = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#8c4b23',
  '#7b35e0',
];

/** The colour of what others are compared with. */
export const GREY = '#7a828c';

/** One marker form per colour: series stay apart in grey print too. The first is that of the grey. */
export const SYMBOLS: readonly string[] = [
  'triangle-down',
  'circle',
  'square',
  'diamond',
  'triangle-up',
  'cross',
  'star',
  'x',
  'hexagon',
];

/** Colours from the least value to the greatest, evenly spaced. */
const scales: Readonly<Record<string, readonly string[]>> = {
  Viridis: [
    '#440154',
    '#482878',
    '#3e4989',
    '#31688e',
    '#26828e',
    '#1f9e89',
    '#35b779',
    '#6ece58',
    '#b5de2b',
    '#fde725',
  ],
  RdBu: ['#2166ac', '#4a86bf', '#7fa3c8', '#a3adb8', '#b0b3b8', '#c0a9a3', '#d08a7c', '#c95a4c', '#b2182b'],
  Blues: ['#f7fbff', '#deebf7', '#c6dbef', '#9ecae1', '#6baed6', '#4292c6', '#2171b5', '#084594'],
  Greys: ['#ffffff', '#d9d9d9', '#969696', '#525252', '#000000'],
};

export const colourStops = (name = 'Viridis'): readonly string[] => scales[name] ?? scales.Viridis!;

export type Rgb = readonly [number, number, number];

const parse = (hex: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;

/** The colour at `t` in [0, 1] along the stops, mixed in sRGB as plotly does. */
export function colourAt(stops: readonly string[], t: number): Rgb {
  const place = Math.min(1, Math.max(0, t)) * (stops.length - 1);
  const below = Math.min(stops.length - 2, Math.floor(place));
  const [a, b] = [parse(stops[below]!), parse(stops[below + 1]!)];
  return a.map((value, i) => Math.round(value + (b[i]! - value) * (place - below))) as unknown as Rgb;
}

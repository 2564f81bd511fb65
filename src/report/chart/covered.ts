import { modeOf, type Panel, type Point, placed, points, type Series, sizeAt } from './marks.js';

/** How much a mark reaches beyond the one that lies on it, in pixels across, and how often that is added up. */
const RIM = 5;
const RIMS = 3;
/** Pixels between the middles of marks of which the lower is taken for covered. */
const NEAR = 3;

interface Mark extends Point {
  readonly size: number;
  /** Rims below the uppermost mark of the place. */
  readonly rims: number;
}

/**
 * Sizes of the marks of scatter series in the order in which they are drawn: a mark that a later series' mark of nearly
 * the same place would cover is so much larger that a rim of it is seen. Series whose sizes say something keep them.
 */
export function uncovered(scatters: readonly Series[], panel: Panel): ReadonlyMap<Series, readonly number[]> {
  const marked = scatters.filter(({ trace }) => modeOf(trace).includes('markers'));
  const above: Mark[] = [];
  const sizes = new Map<Series, number[]>();
  for (const series of marked.toReversed()) {
    const fixed = typeof (series.trace.marker?.size ?? 8) !== 'number';
    const own = points(series, panel).map((point): Mark => {
      const size = sizeAt(series, point.index);
      const covers = fixed || !placed(point) ? [] : above.filter((mark) => covered(point, mark));
      const most = covers.reduce((a: Mark | undefined, b) => (a && a.size > b.size ? a : b), undefined);
      const rims = most ? Math.min(RIMS, most.rims + 1) : 0;
      return { ...point, rims, size: Math.max(size, most ? most.size + RIM * (rims - most.rims) : 0) };
    });
    if (!fixed && own.some(({ size }, k) => size > sizeAt(series, k)))
      sizes.set(
        series,
        own.map(({ size }) => size),
      );
    if (!(series.trace.marker?.symbol ?? series.symbol).endsWith('-open')) above.push(...own.filter(placed));
  }
  return sizes;
}

/** Whether a point's mark lies under another and its form is lost. */
const covered = ({ x, y }: Point, mark: Mark): boolean => Math.hypot(mark.x - x, mark.y - y) < NEAR;

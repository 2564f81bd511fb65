/** A point on the line x + t d: its value and its slope along d. */
export interface LinePoint {
  readonly t: number;
  readonly value: number;
  readonly slope: number;
}

/** Where a line search stands: the two ends it looks between. `high` is missing while it still walks outwards. */
export interface Bracket {
  readonly low: LinePoint;
  readonly high?: LinePoint;
}

/** What to do with a point: take it, or look at `t` next. */
export type Verdict =
  | { readonly accept: true }
  | { readonly accept: false; readonly t: number; readonly bracket: Bracket };

const [DECREASE, CURVATURE] = [1e-4, 0.9];

/**
 * One step of a line search for the strong Wolfe conditions
 *
 *     f(t) <= f(0) + 1e-4 t f'(0)   and   |f'(t)| <= 0.9 |f'(0)|,
 *
 * told one evaluated point at a time. Outwards while the line falls, then between the two ends, at the minimum of the
 * cubic through them. Source: Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6.
 */
export function wolfe(start: LinePoint, { low, high }: Bracket, point: LinePoint): Verdict {
  if (!Number.isFinite(point.value) || !Number.isFinite(point.slope))
    return between({ low, high: { t: point.t, value: Infinity, slope: 0 } });
  const enough = point.value <= start.value + DECREASE * point.t * start.slope;
  if (!enough || point.value >= low.value) return between({ low, high: point });
  if (Math.abs(point.slope) <= CURVATURE * Math.abs(start.slope)) return { accept: true };
  if (high) return between({ low: point, high: point.slope * (high.t - low.t) >= 0 ? low : high });
  if (point.slope >= 0) return between({ low: point, high: low });
  return { accept: false, t: outwards(low, point), bracket: { low: point } };
}

const between = (bracket: Required<Bracket>): Verdict => ({ accept: false, t: inside(bracket), bracket });

/** Two to ten times as far, as the cubic says. */
function outwards(low: LinePoint, point: LinePoint): number {
  const step = point.t - low.t;
  const t = cubicMinimum(low, point);
  return t > point.t + 0.1 * step ? Math.min(t, point.t + 9 * step) : point.t + step;
}

/** The cubic's minimum, kept a tenth away from both ends. */
function inside({ low, high }: Required<Bracket>): number {
  const [from, to] = low.t < high.t ? [low.t, high.t] : [high.t, low.t];
  const t = Number.isFinite(high.value) ? cubicMinimum(low, high) : Number.NaN;
  const margin = 0.1 * (to - from);
  return Number.isFinite(t) ? Math.min(to - margin, Math.max(from + margin, t)) : (from + to) / 2;
}

/** The minimum of the cubic through the values and slopes of two points; NaN where it has none. */
export function cubicMinimum(a: LinePoint, b: LinePoint): number {
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.t - b.t);
  const square = d1 * d1 - a.slope * b.slope;
  if (square < 0) return Number.NaN;
  const d2 = Math.sign(b.t - a.t) * Math.sqrt(square);
  return b.t - ((b.t - a.t) * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2);
}

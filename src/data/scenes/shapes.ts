/**
 * Signed distances: negative inside, y points down. Only + - * / and Math.sqrt are used in this folder, because these
 * give the same bits on every machine (sines and powers do not).
 */
export type Shape = (x: number, y: number) => number;

/** A point [x, y]. */
export type Point = readonly [x: number, y: number];

export const length = (x: number, y: number): number => Math.sqrt(x * x + y * y);

export const clamp = (value: number, low = 0, high = 1): number => Math.min(Math.max(value, low), high);

/** 0 at `from`, 1 at `to`, smooth between. */
export function smoothstep(from: number, to: number, value: number): number {
  const t = clamp((value - from) / (to - from));
  return t * t * (3 - 2 * t);
}

export const circle =
  (cx: number, cy: number, radius: number): Shape =>
  (x, y) =>
    length(x - cx, y - cy) - radius;

/** First-order distance to an ellipse: exact at the edge, good near it. */
export const ellipse =
  (cx: number, cy: number, rx: number, ry: number): Shape =>
  (x, y) => {
    const u = (x - cx) / rx;
    const v = (y - cy) / ry;
    const norm = length(u, v);
    const slope = length(u / rx, v / ry);
    return slope < 1e-9 ? -Math.min(rx, ry) : (norm * (norm - 1)) / slope;
  };

/** A rectangle by its centre and half sides, with rounded corners. */
export const box =
  (cx: number, cy: number, halfWidth: number, halfHeight: number, corner = 0): Shape =>
  (x, y) => {
    const dx = Math.abs(x - cx) - halfWidth + corner;
    const dy = Math.abs(y - cy) - halfHeight + corner;
    return length(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - corner;
  };

/** A thick line that may taper. */
export const stroke = ([ax, ay]: Point, [bx, by]: Point, widthA: number, widthB = widthA): Shape => {
  const dx = bx - ax;
  const dy = by - ay;
  const square = dx * dx + dy * dy;
  return (x, y) => {
    const t = clamp(((x - ax) * dx + (y - ay) * dy) / square);
    return length(x - ax - t * dx, y - ay - t * dy) - (widthA + (widthB - widthA) * t);
  };
};

/** Any simple polygon [x, y, x, y, ...], its corners rounded by `corner` (which also makes it larger by as much). */
export const polygon = (flat: readonly number[], corner = 0): Shape => {
  const [xs, ys] = [0, 1].map((axis) => flat.filter((_, i) => i % 2 === axis)) as [number[], number[]];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return (x, y) => {
    // far outside a lower bound will do
    const away = Math.max(left - x, x - right, top - y, y - bottom) - corner;
    if (away > FAR) return away;
    let nearest = Number.POSITIVE_INFINITY;
    let inside = false;
    for (let i = 0, j = xs.length - 1; i < xs.length; j = i++) {
      const [ax, ay, bx, by] = [xs[i]!, ys[i]!, xs[j]!, ys[j]!];
      const [ex, ey, wx, wy] = [bx - ax, by - ay, x - ax, y - ay];
      const t = clamp((wx * ex + wy * ey) / (ex * ex + ey * ey));
      const px = wx - t * ex;
      const py = wy - t * ey;
      nearest = Math.min(nearest, px * px + py * py);
      if (ay > y !== by > y && wx < (ex * wy) / ey) inside = !inside;
    }
    return (inside ? -1 : 1) * Math.sqrt(nearest) - corner;
  };
};

const FAR = 0.25;

export const ring =
  (cx: number, cy: number, radius: number, thickness: number): Shape =>
  (x, y) =>
    Math.abs(length(x - cx, y - cy) - radius) - thickness;

export const union =
  (...shapes: readonly Shape[]): Shape =>
  (x, y) => {
    let least = Number.POSITIVE_INFINITY;
    for (const shape of shapes) least = Math.min(least, shape(x, y));
    return least;
  };

export const intersection =
  (...shapes: readonly Shape[]): Shape =>
  (x, y) => {
    let most = Number.NEGATIVE_INFINITY;
    for (const shape of shapes) most = Math.max(most, shape(x, y));
    return most;
  };

/** A shape turned about a point; cosine and sine are given as numbers. */
export const turned =
  (shape: Shape, [cx, cy]: Point, cosine: number, sine: number): Shape =>
  (x, y) => {
    const dx = x - cx;
    const dy = y - cy;
    return shape(cx + cosine * dx + sine * dy, cy - sine * dx + cosine * dy);
  };

/** [cosine, sine] of a small angle by its half tangent: exact in rational arithmetic. */
export function rotation(halfTangent: number): Point {
  const square = halfTangent * halfTangent;
  return [(1 - square) / (1 + square), (2 * halfTangent) / (1 + square)];
}

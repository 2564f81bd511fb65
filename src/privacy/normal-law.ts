/** phi(x) = exp(-x^2 / 2) / sqrt(2 pi). */
export const normalDensity = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** From here on the continued fraction converges within its terms; below it the series loses no digits. */
const FRACTION_FROM = 1.5;
const FRACTION_TERMS = 160;

/** Phi(-x) / phi(x), Mills' ratio, of x that does not overflow. Laplace's fraction; Marsaglia 2004 near 0. */
export function millsRatio(x: number): number {
  if (x === Number.POSITIVE_INFINITY) return 0;
  if (x < FRACTION_FROM) return 0.5 / normalDensity(x) - oddSeries(x);
  let ratio = 0;
  for (let k = FRACTION_TERMS; k >= 1; k--) ratio = k / (x + ratio);
  return 1 / (x + ratio);
}

/** (Phi(x) - 1/2) / phi(x) = sum over k of x^(2k + 1) / (1 3 5 ... (2k + 1)). */
function oddSeries(x: number): number {
  let [sum, term] = [x, x];
  for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
    term *= (x * x) / odd;
    sum += term;
  }
  return sum;
}

/** Phi(x), the standard normal distribution function, to 14 digits in the lower tail too. */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  return x > 0 ? 1 - normalCdf(-x) : normalDensity(x) * (x === Number.NEGATIVE_INFINITY ? 0 : millsRatio(-x));
}

/** Phi^-1(p), p from 0 to 1. Newton's method on log Phi, concave: from Chernoff's bound on it only rises. */
export function normalQuantile(p: number): number {
  if (p === 0 || p === 1) return p === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (p > 0.5) return -normalQuantile(1 - p);
  const wanted = Math.log(p);
  let x = -Math.sqrt(-2 * Math.log(2 * p));
  for (let round = 0; round < 100; round++) {
    const ratio = millsRatio(-x);
    const step = (Math.log(ratio) - (x * x) / 2 - Math.log(2 * Math.PI) / 2 - wanted) * ratio;
    x -= step;
    if (Math.abs(step) <= 1e-15 * Math.max(1, Math.abs(x))) break;
  }
  return x;
}

/** log of the standard normal distribution function at x, accurate in both tails. */
export function logCdf(x: number): number {
  if (x < -6) {
    // Mills' ratio: phi(x) / |x| (1 - 1/x^2 + 3/x^4)
    const r = 1 / (x * x);
    return logDensity(x) - Math.log(-x) + Math.log(1 - r + 3 * r * r);
  }
  return x > 6 ? -Math.exp(logCdf(-x)) : Math.log(cdf(x));
}

/** log of the standard normal density at x. */
export const logDensity = (x: number): number => -0.5 * x * x - 0.5 * Math.log(2 * Math.PI);

/** The distribution function for |x| <= 6: 1/2 + phi(x) (x + x^3/3 + x^5/15 + ...), Marsaglia 2004. */
function cdf(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return Math.max(1e-12, 0.5 + sum * Math.exp(logDensity(x)));
}

/** What is known of a ReLU unit after seeing its output. */
export interface Unit {
  /** log P(z > 0) / P(z <= 0). */
  readonly odds: number;
  /** E[relu(z)]. */
  readonly mean: number;
}

/**
 * A unit with input z ~ N(guess, spread^2) whose output h = relu(z) + N(0, noise^2) was observed: the odds that it is
 * active, and its expected output. `noise` Infinity: nothing was observed.
 */
export function posterior(guess: number, spread: number, seen: number, noise: number): Unit {
  const blind = !Number.isFinite(noise);
  const [v, n] = [spread * spread, noise * noise];
  const mean = blind ? guess : (guess * n + seen * v) / (v + n);
  const deviation = blind ? spread : Math.sqrt((v * n) / (v + n));
  const off = logCdf(-guess / spread) + (blind ? 0 : logDensity(seen / noise) - Math.log(noise));
  const total = Math.sqrt(v + n);
  const on = logCdf(mean / deviation) + (blind ? 0 : logDensity((seen - guess) / total) - Math.log(total));
  const odds = on - off;
  const ratio = Math.exp(logDensity(mean / deviation) - logCdf(mean / deviation));
  return { odds, mean: Math.max(0, mean + deviation * ratio) / (1 + Math.exp(-odds)) };
}

/**
 * log A = log E_z [ (1 + x)^alpha ], x = q (e^y - 1), y = (2z - 1) / (2 sigma^2), z ~ N(0, sigma^2). For small q A is
 * 1 + tiny: what is summed is A - 1, with (1 + x)^alpha - 1 - alpha x, whose linear part has expectation 0; otherwise
 * every digit would cancel.
 */
export function logMoment(q: number, sigma: number, order: number): number {
  if (!Number.isFinite(order ** 2 / sigma ** 2)) return Number.POSITIVE_INFINITY;
  if (!Number.isFinite(sigma ** 2)) return 0;
  const logAbove = (Number.isInteger(order) ? logBinomial : WAYS.find(({ below }) => sigma < below)!.way)(
    q,
    sigma,
    order,
  );
  return logAbove > 0 ? logAbove + Math.log1p(Math.exp(-logAbove)) : Math.log1p(Math.exp(logAbove));
}

type Way = (q: number, sigma: number, order: number) => number;

/** Standard deviations from a peak after which the normal density no longer matters: exp(-98). */
const REACH = 14;

const logSum = (logs: readonly number[] | Float64Array): number => {
  let largest = Number.NEGATIVE_INFINITY;
  for (const log of logs) largest = Math.max(largest, log);
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (const log of logs) sum += Math.exp(log - largest);
  return largest + Math.log(sum);
};

/** Whole orders: A - 1 = sum over k >= 2 of C(alpha, k) q^k (1 - q)^(alpha - k) (exp((k^2 - k) / (2 sigma^2)) - 1). */
function logBinomial(q: number, sigma: number, order: number): number {
  const [logQ, logRest] = [Math.log(q), Math.log1p(-q)];
  const logs = new Float64Array(order - 1);
  let logChoose = Math.log(order);
  for (let k = 2; k <= order; k++) {
    logChoose += Math.log((order - k + 1) / k);
    const t = (k * (k - 1)) / 2 / sigma ** 2;
    logs[k - 2] =
      logChoose + k * logQ + (order - k) * logRest + (t > 1 ? t + Math.log1p(-Math.exp(-t)) : Math.log(Math.expm1(t)));
  }
  return logSum(logs);
}

/** The integral by the trapezoidal rule. The integrand is analytic, so the error falls exponentially with the step. */
function logTrapezoid(q: number, sigma: number, order: number): number {
  const step = Math.min(sigma, sigma * sigma) / 4;
  const low = -REACH * sigma;
  const logs = new Float64Array(Math.ceil((order + 2 * REACH * sigma) / step) + 1);
  for (let i = 0; i < logs.length; i++) logs[i] = logIntegrand(q, sigma, order, low + i * step);
  return logSum(logs) + Math.log(step / (sigma * Math.sqrt(2 * Math.PI)));
}

/**
 * The integral for small sigma. Left of z0, where q e^y = 1 - q, the integrand is a sum of normal densities around 0,
 * 1, 2, ... whose weights are convex in the centre; right of it one around alpha: only the bumps at 0, 1, 2 and alpha
 * matter. Gauss and Legendre's rule on panels one sigma wide, halved towards z0, near which the integrand changes
 * within sigma^2.
 */
function logPanels(q: number, sigma: number, order: number): number {
  const turn = 0.5 + sigma ** 2 * Math.log((1 - q) / q);
  const logs: number[] = [];
  const panel = (low: number, high: number): void => {
    const [middle, half] = [(low + high) / 2, (high - low) / 2];
    if (half > sigma ** 2 && half > Math.abs(middle - turn) - half) {
      panel(low, middle);
      panel(middle, high);
      return;
    }
    for (const [node, weight] of GAUSS)
      for (const sign of [-1, 1])
        logs.push(logIntegrand(q, sigma, order, middle + sign * half * node) + Math.log(weight * half));
  };
  let done = Number.NEGATIVE_INFINITY;
  for (const centre of [0, 1, 2, order].sort((a, b) => a - b)) {
    const low = Math.max(done, centre - REACH * sigma);
    const high = centre + REACH * sigma;
    const count = Math.ceil((high - low) / sigma);
    for (let i = 0; i < count; i++) panel(low + ((high - low) * i) / count, low + ((high - low) * (i + 1)) / count);
    done = high;
  }
  return logSum(logs) - Math.log(sigma * Math.sqrt(2 * Math.PI));
}

/** Of a sigma so small that no density reaches z0: A = (1 - q)^alpha + q^alpha exp((alpha^2 - alpha) / (2 sigma^2)). */
function logTwoPeaks(q: number, sigma: number, order: number): number {
  const far = order * Math.log(q) + (order * (order - 1)) / 2 / sigma ** 2;
  const near = Math.expm1(order * Math.log1p(-q));
  return far > 40 ? far : Math.log(Math.max(0, near + Math.exp(far)));
}

/** How fractional orders are computed, by sigma. */
const WAYS: readonly { readonly below: number; readonly way: Way }[] = [
  { below: 0.01, way: logTwoPeaks },
  { below: 0.25, way: logPanels },
  { below: Number.POSITIVE_INFINITY, way: logTrapezoid },
];

/** Positive nodes and weights of the rule with 16 points (Abramowitz and Stegun, table 25.4). */
const GAUSS: readonly (readonly [number, number])[] = [
  [0.0950125098376374, 0.1894506104550685],
  [0.2816035507792589, 0.1826034150449236],
  [0.4580167776572274, 0.1691565193950025],
  [0.6178762444026438, 0.1495959888165767],
  [0.755404408355003, 0.1246289712555339],
  [0.8656312023878318, 0.0951585116824928],
  [0.9445750230732326, 0.0622535239386479],
  [0.9894009349916499, 0.0271524594117541],
];

const logIntegrand = (q: number, sigma: number, order: number, z: number): number =>
  logExcess(q, (z - 0.5) / sigma ** 2, order) - (z / sigma) ** 2 / 2;

/** log((1 + x)^alpha - 1 - alpha x) with x = q (e^y - 1) > -1; not negative by Bernoulli's inequality. */
function logExcess(q: number, y: number, order: number): number {
  const ratio = y > 30 ? logAdd(Math.log1p(-q), Math.log(q) + y) : Math.log1p(q * Math.expm1(y));
  const power = order * ratio;
  if (power > 40) {
    const gain = power - ratio;
    return gain > 40 ? power : ratio + Math.log(Math.expm1(gain) - (order - 1));
  }
  const x = Math.expm1(ratio);
  const excess =
    order * Math.abs(x) < 1e-4
      ? ((order * (order - 1)) / 2) * x * x * (1 + ((order - 2) / 3) * x)
      : Math.expm1(power) - order * x;
  return Math.log(Math.max(excess, 0));
}

const logAdd = (a: number, b: number): number => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));

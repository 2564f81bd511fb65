import { problem } from '../core/errors.js';
import { number } from '../core/options.js';
import { gaussianTradeOff, robustness, type TradeOff } from '../privacy/index.js';
import type { Layout, Trace } from '../report/index.js';
import type { AuditBound } from './bounds.js';

/** A chart for plot() or plotSvg(): `plot(...chart)`. */
export type Chart = readonly [traces: Trace[], layout: Layout];

const POINTS = 201;
const grid = (low: number, high: number): number[] =>
  Array.from({ length: POINTS }, (_, i) => low + ((high - low) * i) / (POINTS - 1));

/**
 * Trade-off functions beside perfect privacy, 1 - alpha: the nearer a curve is to it, the less an attacker tells.
 * @example rog.plot(...rog.charts.tradeOffChart({ 'mu = 1': rog.privacy.gaussianTradeOff(1) }))
 */
export function tradeOffChart(curves: Readonly<Record<string, TradeOff>>): Chart {
  if (Object.keys(curves).length === 0) throw problem('tradeOffChart', 'needs a curve at least', curves);
  const alpha = grid(0, 1);
  const line = (name: string, y: number[]): Trace => ({ name, x: alpha, y, type: 'scatter', mode: 'lines' });
  const perfect = line(
    'perfect privacy',
    alpha.map((a) => 1 - a),
  );
  return [
    [...Object.entries(curves).map(([name, of]) => line(name, alpha.map(of))), perfect],
    { xaxis: { title: 'type I error alpha' }, yaxis: { title: 'type II error, at least' } },
  ];
}

/**
 * The bound gamma = Phi(Phi^-1(kappa) + mu) on the chance to rebuild a record, over mu, a line for each chance kappa
 * without the release.
 * @param most the largest mu, > 0; default 6
 * @example rog.plot(...rog.charts.robustnessChart([0.1, 0.01]))
 */
export function robustnessChart(kappas: readonly number[] = [0.1, 0.01, 0.001], most = 6): Chart {
  const mus = grid(0, number('robustnessChart', 'most', most, 0, 1e3, true));
  const traces = kappas.map(
    (kappa): Trace => ({
      name: `kappa = ${kappa}`,
      x: mus,
      y: mus.map((mu) => robustness(gaussianTradeOff(mu), kappa)),
      type: 'scatter',
      mode: 'lines',
    }),
  );
  return [traces, { xaxis: { title: 'mu' }, yaxis: { title: 'chance to rebuild, at most' } }];
}

/**
 * What theory predicted beside what the best attack reached, a point per phi and batch; above the diagonal an attack
 * did better. Errors of nothing (exact updates) have no place on a scale of decibels and are left out.
 * @param bounds of an audit's result
 */
export function predictionChart(bounds: readonly AuditBound[]): Chart {
  const seen = bounds.filter(({ reached }) => Number.isFinite(reached.psnr));
  const points = (name: string, of: (bound: AuditBound) => number | undefined): Trace[] => {
    const shown = seen.filter((bound) => Number.isFinite(of(bound)));
    if (shown.length === 0) return [];
    const [x, y] = [shown.map((bound) => of(bound)!), shown.map(({ reached }) => reached.psnr)];
    return [{ name, x, y, text: shown.map(({ phi }) => phi), type: 'scatter', mode: 'markers' }];
  };
  const traces = [
    ...points('inversion influence', ({ influence }) => influence?.psnr),
    ...points('Bayesian Cramer-Rao', ({ bayesian }) => bayesian?.psnr),
  ];
  const ends = traces.flatMap(({ x, y }) => [...(x as number[]), ...(y as number[])]);
  const [low, high] = ends.length ? [Math.min(...ends), Math.max(...ends)] : [0, 1];
  const diagonal: Trace = { name: 'as predicted', x: [low, high], y: [low, high], type: 'scatter', mode: 'lines' };
  return [
    [...traces, diagonal],
    { xaxis: { title: 'predicted PSNR (dB)' }, yaxis: { title: 'PSNR of the best attack (dB)' } },
  ];
}

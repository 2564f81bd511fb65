/** Functions of one number that layers have: value, first and second derivative against float64 differences. */
import { test } from 'node:test';
import type { Layer } from '../../src/core/types.js';
import { layerOutputs } from '../../src/models/forward.js';
import { checkDerivatives, spaced } from '../engine/derivatives.js';
import { map } from '../engine/reference.js';
import { forEachEngine } from '../engines.js';

type Case = readonly [layer: Layer, f: (x: number) => number, low?: number, high?: number];

const beyond = (x: number, by: number): number => Math.sign(x) * Math.max(0, Math.abs(x) - by);
const cases: readonly Case[] = [
  [{ kind: 'softsign' }, (x) => x / (1 + Math.abs(x)), -2, 2],
  [{ kind: 'logSigmoid' }, (x) => -Math.log1p(Math.exp(-x)), -3, 3],
  [{ kind: 'tanhshrink' }, (x) => x - Math.tanh(x), -2, 2],
  [{ kind: 'abs' }, Math.abs],
  [{ kind: 'exp' }, Math.exp],
  [{ kind: 'log' }, Math.log, 0.3, 2],
  [{ kind: 'sqrt' }, Math.sqrt, 0.3, 2],
  [{ kind: 'reciprocal' }, (x) => 1 / x, 0.4, 2],
  [{ kind: 'sin' }, Math.sin, -2, 2],
  [{ kind: 'cos' }, Math.cos, -2, 2],
  [{ kind: 'atan' }, Math.atan, -2, 2],
  [{ kind: 'hardtanh' }, (x) => Math.max(-1, Math.min(1, x)), -2, 2],
  [{ kind: 'hardtanh', low: -0.4, high: 0.7 }, (x) => Math.max(-0.4, Math.min(0.7, x)), -2, 2],
  [{ kind: 'hardshrink' }, (x) => (Math.abs(x) > 0.5 ? x : 0)],
  [{ kind: 'hardshrink', lambda: 0.2 }, (x) => (Math.abs(x) > 0.2 ? x : 0)],
  [{ kind: 'softshrink' }, (x) => beyond(x, 0.5)],
  [{ kind: 'softshrink', lambda: 0.2 }, (x) => beyond(x, 0.2)],
];

forEachEngine((engine, setup) => {
  for (const [layer, f, low = -1, high = 1] of cases)
    test(`${JSON.stringify(layer)} on ${engine}: value, gradient, gradient of gradient`, async () => {
      await setup();
      const outputs = layerOutputs({ layers: [layer] });
      await checkDerivatives((x) => outputs([], x).at(-1)!, map(f), [spaced([3, 5], 1, low, high)]);
    });
});

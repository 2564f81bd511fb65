import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PALETTE } from '../../src/report/chart/theme.js';

type Triple = readonly [number, number, number];

/** What linear RGB becomes for eyes without one kind of cone: Machado, Oliveira and Fernandes 2009, severity 1. */
const EYES: Readonly<Record<string, readonly Triple[]>> = {
  'all cones': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const linear = (hex: string): number[] =>
  [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));

/** CIE L*a*b*, white D65. */
function lab([r, g, b]: readonly number[]): number[] {
  const bend = (t: number): number => (t > 216 / 24389 ? Math.cbrt(t) : (t * 24389) / 3132 + 16 / 116);
  const x = bend((0.4124 * r! + 0.3576 * g! + 0.1805 * b!) / 0.95047);
  const y = bend(0.2126 * r! + 0.7152 * g! + 0.0722 * b!);
  const z = bend((0.0193 * r! + 0.1192 * g! + 0.9505 * b!) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

test('palette: any two colours stay apart for every kind of eye (CIE76 at least 15)', () => {
  for (const [eye, matrix] of Object.entries(EYES)) {
    const seen = PALETTE.map((colour) => {
      const light = linear(colour);
      const there = matrix.map((row) => row.reduce((sum, weight, i) => sum + weight * light[i]!, 0));
      return lab(there.map((v) => Math.min(1, Math.max(0, v))));
    });
    for (const [i, a] of seen.entries())
      for (const [j, b] of seen.slice(0, i).entries()) {
        const apart = Math.hypot(...a.map((v, k) => v - b[k]!));
        assert.ok(apart >= 15, `${PALETTE[i]} and ${PALETTE[j]} with ${eye}: ${apart.toFixed(1)}`);
      }
  }
});

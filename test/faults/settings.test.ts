/** Settings that somebody wrote by hand: whatever stands in a place of theirs, the answer is words. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { type AuditConfig, readConfig } from '../../src/audit/index.js';
import { defineSweep } from '../../src/sweeps/define.js';
import type { SweepDefinition } from '../../src/sweeps/types.js';

const ODD: readonly unknown[] = [
  ...[undefined, null, true, 5, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '', 'x', '__proto__'],
  ...[
    [],
    [null],
    [[]],
    [{}],
    [5],
    ['x'],
    {},
    { constructor: 1 },
    { name: null },
    { kind: 5 },
    { name: 'x', options: null },
  ],
];

const audits: readonly AuditConfig[] = [
  {
    ...{
      network: 'lenet',
      weights: 'a.pt',
      data: 'scenes',
      size: 32,
      batch: 4,
      batches: 2,
      phi: ['none', 'quantize:3'],
    },
    ...{ labels: ['known'], iterations: 5, seed: 1, threshold: { metric: 'ssim', value: 0.5 }, remedies: true },
    ...{ training: { rounds: 5, clients: 10 }, client: { localSteps: 5, learningRate: 0.01, miniBatch: 2 } },
  },
  {
    network: {
      ...{ name: 'own', imageShape: [8, 8, 3], classes: 3 },
      layers: [
        { kind: 'conv', filters: 4, size: 3 },
        { kind: 'dense', units: 3 },
      ],
    },
    client: { localSteps: 2, optimizer: { kind: 'sgd', momentum: 0.5 }, order: [[0], [1]], schedule: [1, 1] },
    phi: ['none'],
  } as AuditConfig,
];

const sweeps: readonly SweepDefinition[] = [
  {
    ...{ name: 's', networks: ['lenet', { name: 'vgg7', seed: 2 }], data: { name: 'scenes', size: 16 }, phi: ['none'] },
    ...{ batch: [1, 2], labels: ['known'], client: [{ localSteps: 2, learningRate: 0.1 }], images: 3, seeds: 1 },
    attacks: [{ name: 'rog', iterations: 5 }],
    exclude: [{ phi: 'none', batch: 1 }],
  } as SweepDefinition,
];

type Path = readonly string[];
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const pathsIn = (value: unknown): Path[] =>
  isObject(value)
    ? Object.keys(value).flatMap((key) => [[key], ...pathsIn(value[key]).map((rest) => [key, ...rest])])
    : [];

function changed(value: unknown, [key, ...rest]: Path, to: unknown): unknown {
  if (key === undefined) return to;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = changed(copy[key], rest, to);
  return copy;
}

function rawErrorOf(path: Path, odd: unknown, read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    const { name, stack } = error as Error;
    return name === 'RoglabError' ? [] : [`${path.join('.')} = ${JSON.stringify(odd)}: ${stack}`];
  }
}

for (const [name, good, read] of [
  ['readConfig', audits, readConfig],
  ['defineSweep', sweeps, defineSweep],
] as const)
  test(`${name}(): a value of any kind in any place is taken or refused in words`, () => {
    for (const config of good) {
      read(config as never);
      const raw = pathsIn(config).flatMap((path) =>
        ODD.flatMap((odd) => rawErrorOf(path, odd, () => read(changed(config, path, odd) as never))),
      );
      assert.deepEqual(raw, []);
    }
  });

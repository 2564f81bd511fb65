import assert from 'node:assert/strict';
import test from 'node:test';
import type { Layer } from '../../src/core/types.js';
import { isKinked, someLayer } from '../../src/models/index.js';

const LAYERS: readonly (readonly [kinked: boolean, Layer])[] = [
  [true, { kind: 'relu' }],
  [false, { kind: 'gelu' }],
  [true, { kind: 'poolChannels', by: 'max' }],
  [false, { kind: 'poolChannels', by: 'mean' }],
  [true, { kind: 'branches', branches: [[], []], join: 'max' }],
  [false, { kind: 'branches', branches: [[], []], join: 'add' }],
  [true, { kind: 'branches', branches: [[{ kind: 'relu' }], []] }],
  [
    true,
    {
      kind: 'graph',
      nodes: [
        { from: [0], layers: [] },
        { from: [0, 1], join: 'max', layers: [] },
      ],
    },
  ],
  [
    false,
    {
      kind: 'graph',
      nodes: [
        { from: [0], layers: [] },
        { from: [0, 1], join: 'add', layers: [] },
      ],
    },
  ],
  [true, { kind: 'graph', nodes: [{ from: [0], layers: [{ kind: 'abs' }] }] }],
];

for (const [kinked, layer] of LAYERS)
  test(`${JSON.stringify(layer)} ${kinked ? 'has kinks' : 'is smooth'}`, () => {
    assert.equal(someLayer([layer], isKinked), kinked);
  });

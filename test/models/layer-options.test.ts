import assert from 'node:assert/strict';
import test from 'node:test';
import type { Layer } from '../../src/core/types.js';
import { network, parameterSpecs } from '../../src/models/index.js';

const build = (...layers: unknown[]) =>
  network({ name: 'n', imageShape: [8, 8, 4], layers: layers as Layer[], classes: 4 });

const graph = (...nodes: unknown[]) => ({ kind: 'graph', nodes });

/** [layer, what the message must say]; every kind, each of its options wrong in kind, in range and missing. */
const refusals: readonly (readonly [object | string | null, RegExp])[] = [
  [
    { kind: 'conv', filters: 4, size: 3, stride: 0 },
    /layer 0 \(conv\): stride must be an integer of at least 1, .*got 0/,
  ],
  [{ kind: 'conv', filters: 4, size: 3, stride: 1.5 }, /stride must be an integer of at least 1.*got 1.5/],
  [{ kind: 'conv', filters: 4, size: 3, stride: '2' }, /stride must be an integer of at least 1.*got "2"/],
  [{ kind: 'conv', filters: 4, size: 3, stride: [1, 2, 3] }, /stride must be .*got \[1, 2, 3\]/],
  [{ kind: 'conv', filters: 4, size: 0 }, /size must be an integer of at least 1.*got 0/],
  [{ kind: 'conv', filters: 4 }, /size must be an integer of at least 1/],
  [{ kind: 'conv', filters: -1, size: 3 }, /filters must be an integer of at least 1, got -1/],
  [{ kind: 'conv', filters: Number.NaN, size: 3 }, /filters must be an integer of at least 1, got NaN/],
  [{ kind: 'conv', filters: 4, size: 3, bias: 'false' }, /bias must be true or false, got "false"/],
  [{ kind: 'conv', filters: 4, size: 3, bias: 0 }, /bias must be true or false, got 0/],
  [{ kind: 'conv', filters: 4, size: 3, bias: null }, /bias must be true or false, got null/],
  [
    { kind: 'conv', filters: 4, size: 3, padding: 'some' },
    /padding must be one of same, valid, got "some"; did you mean "same"/,
  ],
  [
    { kind: 'conv', filters: 4, size: 3, padding: '1' },
    /padding must be 'same', 'valid', an integer of at least 0.*got "1"/,
  ],
  [
    { kind: 'conv', filters: 4, size: 3, padding: -1 },
    /padding must be 'same', 'valid', an integer of at least 0.*got -1/,
  ],
  [{ kind: 'conv', filters: 4, size: 3, padding: [1, 1] }, /or \[top, bottom, left, right\], got \[1, 1\]/],
  [{ kind: 'conv', filters: 4, size: 3, dilation: 0 }, /dilation must be an integer of at least 1.*got 0/],
  [{ kind: 'conv', filters: 4, size: 3, groups: 3 }, /groups must divide the input channels \(4\), got 3/],
  [{ kind: 'conv', filters: 6, size: 3, groups: 4 }, /groups must divide filters \(6\), got 4/],
  [{ kind: 'conv', filters: 4, size: 3, groups: 0 }, /groups must be an integer of at least 1, got 0/],
  [{ kind: 'conv', filters: 4, size: 3, strides: 2 }, /unknown option "strides"; did you mean "stride"\?/],
  [{ kind: 'conv', filters: 4, size: 11, padding: 1 }, /layer 0 \(conv\) leaves nothing of the picture/],
  [{ kind: 'dense' }, /units must be an integer of at least 1/],
  [{ kind: 'dense', units: '10' }, /units must be an integer of at least 1, got "10"/],
  [{ kind: 'dense', units: 4, bias: 'true' }, /bias must be true or false, got "true"/],
  [{ kind: 'dense', units: 4, perToken: 1 }, /perToken must be true or false, got 1/],
  [{ kind: 'dense', unit: 4 }, /unknown option "unit"; did you mean "units"\?/],
  [{ kind: 'relu', slope: 1 }, /layer 0 \(relu\): unknown option "slope"/],
  [{ kind: 'leakyRelu' }, /leakyRelu\): slope must be a finite number/],
  [{ kind: 'leakyRelu', slope: '0.1' }, /slope must be a finite number, got "0.1"/],
  [{ kind: 'leakyRelu', slope: Number.POSITIVE_INFINITY }, /slope must be a finite number, got Infinity/],
  [{ kind: 'leakyRelu', alpha: 0.1 }, /unknown option "alpha"/],
  [{ kind: 'elu', alpha: 'one' }, /alpha must be a finite number, got "one"/],
  [{ kind: 'gelu', form: 'tan' }, /form must be one of exact, tanh, got "tan"; did you mean "tanh"/],
  [{ kind: 'scale' }, /scale\): factor must be a finite number/],
  [{ kind: 'scale', factor: '2' }, /factor must be a finite number, got "2"/],
  [{ kind: 'scale', factor: Number.NaN }, /factor must be a finite number, got NaN/],
  [{ kind: 'maxPool', size: 2.5 }, /size must be an integer of at least 1.*got 2.5/],
  [{ kind: 'maxPool', size: 2, stride: 0 }, /stride must be .*got 0/],
  [{ kind: 'maxPool', size: 2, padding: 2 }, /padding must be at most half the size, got 2/],
  [{ kind: 'maxPool', size: 9 }, /leaves nothing of the picture/],
  [{ kind: 'averagePool', size: 2, countIncludePad: 'no' }, /countIncludePad must be true or false, got "no"/],
  [{ kind: 'averagePool' }, /size must be an integer of at least 1/],
  [{ kind: 'adaptiveAveragePool', size: 0 }, /size must be an integer of at least 1, got 0/],
  [{ kind: 'globalAveragePool', size: 2 }, /unknown option "size"/],
  [{ kind: 'batchNorm', mode: 'training' }, /mode must be one of eval, train, got "training"/],
  [{ kind: 'batchNorm', epsilon: -1 }, /epsilon must be a number of at least 0, got -1/],
  [{ kind: 'batchNorm', momentum: 2 }, /momentum must be a number from 0 to 1, got 2/],
  [{ kind: 'batchNorm', affine: 'yes' }, /affine must be true or false, got "yes"/],
  [{ kind: 'groupNorm' }, /groups must be an integer of at least 1/],
  [{ kind: 'groupNorm', groups: 3 }, /groups must divide the channels \(4\), got 3/],
  [{ kind: 'layerNorm', over: 'channel' }, /over must be one of channels, all, got "channel"; did you mean "channels"/],
  [{ kind: 'instanceNorm', epsilon: '1e-5' }, /epsilon must be a number of at least 0, got "1e-5"/],
  [{ kind: 'dropout' }, /dropout\): rate must be a number from 0 to below 1/],
  [{ kind: 'dropout', rate: 1 }, /rate must be a number from 0 to below 1, got 1/],
  [
    { kind: 'dropout', rate: 0.5, mask: 'know' },
    /mask must be one of off, known, unknown, got "know"; did you mean "known"/,
  ],
  [{ kind: 'dropout', rate: 0.5, seed: -1 }, /seed must be an integer of at least 0, got -1/],
  [
    { kind: 'normalize', mean: [0, 0, 0], std: [1, 1, 1] },
    /mean must have one number per channel \(4\), got \[0, 0, 0\]/,
  ],
  [{ kind: 'normalize', mean: 0, std: 1 }, /mean must be a list of numbers, one per channel, got 0/],
  [{ kind: 'normalize', mean: [0, 0, 0, 0], std: [1, 1, 0, 1] }, /every number of std must be above 0/],
  [{ kind: 'normalise', mean: [0], std: [1] }, /the kind of layer 0 must be one of .*did you mean "normalize"\?/],
  [{ kind: 'patchEmbedding', size: 4 }, /units must be an integer of at least 1/],
  [{ kind: 'patchEmbedding', size: 16, units: 4 }, /leaves nothing of the picture/],
  [
    { kind: 'attention', heads: 2 },
    /needs a sequence of tokens \[1, tokens, width\], got \[8, 8, 4\]; put a patchEmbedding before it/,
  ],
  [{ kind: 'classToken' }, /needs a sequence of tokens/],
  [{ kind: 'positions' }, /needs a sequence of tokens/],
  [{ kind: 'takeToken' }, /needs a sequence of tokens/],
  [{ kind: 'residual', body: [] }, /shortcut must be a list of layers/],
  [
    { kind: 'residual', body: [{ kind: 'conv', filters: 5, size: 3 }], shortcut: [] },
    /the two branches of residual0 must have one shape/,
  ],
  [
    { kind: 'residual', body: [{ kind: 'conv', filters: 4, size: 3, stride: '1' }], shortcut: [] },
    /layer residual0\/body\/0 \(conv\): stride/,
  ],
  [{ kind: 'branches', branches: [] }, /branches must be a list of at least two lists of layers/],
  [{ kind: 'branches', branches: [[], []], join: 'sum' }, /join must be one of concat, add, multiply, max, got "sum"/],
  [{ kind: 'branches', branches: [[], [{ kind: 'maxPool', size: 2 }]] }, /the branches must have one height and width/],
  [
    { kind: 'branches', branches: [[], [{ kind: 'conv', filters: 5, size: 3 }]], join: 'add' },
    /the branches must have one shape/,
  ],
  [
    { kind: 'branches', branches: [[], [{ kind: 'maxPool', size: 2 }]], join: 'multiply' },
    /the branches must have one shape, or 1 in place of its numbers/,
  ],
  [{ kind: 'graph' }, /nodes must be a list of at least one node/],
  [{ kind: 'graph', nodes: [] }, /nodes must be a list of at least one node, got \[\]/],
  [{ kind: 'graph', nodes: [[0]] }, /node 1: unknown option "0"; options: from, join, layers/],
  [{ kind: 'graph', nodes: [null] }, /\(graph\): node 1: must be an object, got null; e.g. \{ from: \[0\]/],
  [{ kind: 'graph', nodes: [{ from: [], layers: [] }] }, /node 1: from must be a list of 0 alone, the input, got \[\]/],
  [{ kind: 'graph', nodes: [{ from: [1], layers: [] }] }, /node 1: from must be a list of 0 alone, .*got \[1\]/],
  [
    graph({ from: [0], layers: [] }, { from: [0, 2], layers: [] }),
    /layer 0 \(graph\): node 2: from must be a list of whole numbers from 0, the input, to 1, the node before, got \[0, 2\]/,
  ],
  [graph({ from: [0], layers: [] }, { from: [-1], layers: [] }), /node 2: from must be .*got \[-1\]/],
  [graph({ from: [0], layers: [] }, { from: [0.5], layers: [] }), /node 2: from must be .*got \[0.5\]/],
  [graph({ from: 0, layers: [] }), /node 1: from must be .*got 0/],
  [graph({ from: [0] }), /node 1: layers must be a list of layers/],
  [graph({ from: [0], layer: [] }), /node 1: unknown option "layer"; did you mean "layers"\?/],
  [graph({ from: [0], join: 'sum', layers: [] }), /node 1: join must be one of concat, add, multiply, max, got "sum"/],
  [
    graph({ from: [0], layers: [] }, { from: [0], layers: [] }, { from: [1], layers: [] }),
    /a node after node 2 must take it; only the last is the output/,
  ],
  [
    graph({ from: [0], layers: [{ kind: 'maxPool', size: 2 }] }, { from: [0, 1], layers: [] }),
    /the values that node 2 joins must have one height and width, got \[\[8, 8, 4\], \[4, 4, 4\]\]/,
  ],
  [
    graph({ from: [0], layers: [{ kind: 'conv', filters: 5, size: 3 }] }, { from: [0, 1], join: 'add', layers: [] }),
    /the values that node 2 joins must have one shape/,
  ],
  [
    graph({ from: [0], layers: [{ kind: 'maxPool', size: 2 }] }, { from: [0, 1], join: 'multiply', layers: [] }),
    /the values that node 2 joins must have one shape, or 1 in place of its numbers/,
  ],
  [graph({ from: [0], layers: [{ kind: 'conv', size: 3 }] }), /layer graph0\/1\/0 \(conv\): filters must be/],
  [{ kind: 'prelu', shared: 1 }, /shared must be true or false, got 1/],
  [{ kind: 'prelu', slope: 1 }, /prelu\): unknown option "slope"/],
  [{ kind: 'pad' }, /padding must be/],
  [{ kind: 'pad', padding: -1, mode: 'replicate' }, /padding below 0, which cuts off, goes with zeros alone, got -1/],
  [{ kind: 'pad', padding: [0, 0, 9, 0], mode: 'circular' }, /a side must not be larger than the picture \(8 x 8\)/],
  [{ kind: 'pad', padding: [-4, -4, 0, 0] }, /leaves nothing of the picture/],
  [{ kind: 'depthToSpace' }, /block must be an integer of at least 1/],
  [{ kind: 'depthToSpace', block: 3 }, /block\^2 must divide the channels \(4\), got 9/],
  [{ kind: 'spaceToDepth', block: 3 }, /block must divide the picture \(8 x 8\), got 3/],
  [{ kind: 'spaceToDepth', block: 2, order: 'rcd' }, /order must be one of crd, dcr, got "rcd"; did you mean "crd"/],
  [{ kind: 'hardtanh', low: 1 }, /low must be below high, got \[1, 1\]/],
  [{ kind: 'hardtanh', high: '1' }, /high must be a finite number, got "1"/],
  [{ kind: 'hardshrink', lambda: -1 }, /lambda must be a number of at least 0, got -1/],
  [{ kind: 'softshrink', lambda: '1' }, /lambda must be a number of at least 0, got "1"/],
  [{ kind: 'softsign', lambda: 1 }, /unknown option "lambda"/],
  [{ kind: 'poolChannels' }, /by must be one of mean, max/],
  [{ kind: 'poolChannels', by: 'sum' }, /by must be one of mean, max, got "sum"/],
  [{ kind: 'poolChannels', by: 'max', size: 3 }, /size must divide the channels \(4\), got 3/],
  [{ kind: 'resize' }, /size must be an integer of at least 1, or \[height, width\] of such/],
  [{ kind: 'resize', size: 16, method: 'linear' }, /method must be one of nearest, bilinear, bicubic, got "linear"/],
  [{ kind: 'reshape', shape: 256 }, /shape must be \[height, width, channels\], got 256/],
  [{ kind: 'reshape', shape: [8, 8, 3] }, /shape must be of 256 numbers, got \[8, 8, 3\]/],
  [{ kind: 'shiftChannels', shared: 'yes' }, /shared must be true or false, got "yes"/],
  [{ kind: 'branches', branches: [[], [{ kind: 'conv', filters: 5, size: 3 }]], join: 'max' }, /must have one shape/],
  [{ kind: 'scaleChannels', factor: 1 }, /scaleChannels\): unknown option "factor"/],
  [{ kind: 'shiftChannels', by: 1 }, /shiftChannels\): unknown option "by"/],
  [{ kind: 'pad', padding: 'same' }, /padding must be a whole number or \[top, bottom, left, right\], got "same"/],
  [{ kind: 'pad', padding: 8, mode: 'reflect' }, /a mirrored side must be smaller than the picture \(8 x 8\), got 8/],
  [
    { kind: 'pad', padding: 1, mode: 'mirror' },
    /mode must be one of zeros, reflect, replicate, circular, got "mirror"/,
  ],
  [{ kind: 'shuffleChannels' }, /groups must be an integer of at least 1/],
  [{ kind: 'shuffleChannels', groups: 3 }, /groups must divide the channels \(4\), got 3/],
  [{ kind: 'takeChannels', from: 0 }, /count must be an integer of at least 1/],
  [{ kind: 'takeChannels', from: 2, count: 3 }, /from \+ count must be at most the channels \(4\), got 5/],
  [{ kind: 'maxpool', size: 2 }, /did you mean "maxPool"\?/],
  [{}, /the kind of layer 0 must be one of/],
  [{ kind: 7 }, /the kind of layer 0 must be one of .*got 7/],
  ['relu', /layer 0 must be an object with a kind, got "relu"; e.g. \{ kind: 'relu' \}/],
  [null, /layer 0 must be an object with a kind, got null/],
];

test('network refuses a layer whose option is missing, or wrong in kind or range, by its name', () => {
  for (const [layer, message] of refusals)
    assert.throws(() => build(layer, { kind: 'dense', units: 4 }), message, JSON.stringify(layer));
  const tokens = { kind: 'patchEmbedding', size: 4, units: 6 };
  assert.throws(
    () => build(tokens, { kind: 'attention', heads: 4 }),
    /heads must divide the width of the tokens \(6\), got 4/,
  );
  assert.throws(
    () => build(tokens, { kind: 'takeToken', index: 4 }),
    /index must be below the number of tokens \(4\), got 4/,
  );
  assert.throws(
    () => network({ name: 'n', layers: 'conv' as never }),
    /n: layers must be a list of layers, got "conv"/,
  );
});

test('parameterSpecs: shapes by the floor convention, padding, dilation, groups', () => {
  const shapeAfter = (...layers: Layer[]) => parameterSpecs(layers, [9, 12, 4]).shape;
  const conv = (more: object): Layer => ({ kind: 'conv', filters: 8, size: 3, ...more });
  assert.deepEqual(shapeAfter(conv({})), [9, 12, 8]);
  assert.deepEqual(shapeAfter(conv({ padding: 'valid' })), [7, 10, 8]);
  assert.deepEqual(shapeAfter(conv({ padding: 'same', size: 4 })), [9, 12, 8]);
  assert.deepEqual(shapeAfter(conv({ padding: 'same', stride: 2 })), [5, 6, 8]);
  assert.deepEqual(shapeAfter(conv({ padding: 1, stride: 2, dilation: 2 })), [4, 5, 8]);
  assert.deepEqual(shapeAfter(conv({ padding: [0, 1, 2, 3], size: [2, 5], stride: [1, 2] })), [9, 7, 8]);
  assert.deepEqual(shapeAfter({ kind: 'maxPool', size: 3, stride: 2, padding: 1 }), [5, 6, 4]);
  assert.deepEqual(shapeAfter({ kind: 'averagePool', size: 2 }), [4, 6, 4]);
  assert.deepEqual(shapeAfter({ kind: 'globalAveragePool' }), [1, 1, 4]);
  assert.deepEqual(shapeAfter({ kind: 'branches', branches: [[], [conv({})]] }), [9, 12, 12]);
  const crossed: Layer = {
    kind: 'graph',
    nodes: [
      { from: [0], layers: [conv({ stride: 2 })] },
      { from: [1, 1], layers: [] },
    ],
  };
  assert.deepEqual(shapeAfter(crossed), [5, 6, 16]);
  assert.deepEqual(parameterSpecs([conv({ groups: 4 })], [9, 12, 4]).specs[0]!.shape, [3, 3, 1, 8]);
});

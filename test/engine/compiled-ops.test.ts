/** Operations without (interesting) derivatives, odd arguments and random programs: compiled against eager. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { NdArray } from '../../src/core/types.js';
import {
  compile,
  start,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tf,
} from '../../src/engine/index.js';

before(() => start({ backend: 'wasm', compiled: 'on' }));

type Op = (...xs: Tensor[]) => Tensor | Tensor[];

const random = (shape: number[], seed: number, low = -1, high = 1): NdArray => {
  const next = uniformStream(seed);
  return ndarray(shape, () => low + (high - low) * next());
};

async function assertSame(op: Op, inputs: NdArray[], tolerance = 1e-5): Promise<void> {
  const compiled = await compile(op, inputs, { engine: 'compiled' });
  const eager = await compile(op, inputs, { engine: 'eager' });
  try {
    const [ours, theirs] = [await compiled.run(...inputs), await eager.run(...inputs)];
    assert.equal(ours.length, theirs.length);
    theirs.forEach((wanted, k) => {
      const got = ours[k]!;
      assert.deepEqual(got.shape, wanted.shape, `shape of output ${k}`);
      const scale = wanted.data.reduce((max, x) => Math.max(max, Number.isFinite(x) ? Math.abs(x) : 0), 1);
      wanted.data.forEach((x, i) => {
        const ok = Number.isFinite(x) ? Math.abs(got.data[i]! - x) <= tolerance * scale : Object.is(got.data[i], x);
        assert.ok(ok, `output ${k}[${i}]: compiled ${got.data[i]}, eager ${x}`);
      });
    });
  } finally {
    compiled.dispose();
    eager.dispose();
  }
}

const image = (x: Tensor): Tensor4D => tf.reshape(x, [1, 4, 6, 2]);
const halves = (x: Tensor): Tensor => tf.div(tf.round(tf.mul(x, 8)), 2);
const mask = (x: Tensor): Tensor => tf.greater(x, 0.1);

/** Inputs x, y are [2, 4, 6]. */
const cases: Record<string, Op> = {
  'argMax and argMin, ties to the first': (x) => [tf.argMax(halves(x), 1), tf.argMin(halves(x), -1)],
  'max, min, prod over some axes': (x) => [tf.max(x, [0, 2]), tf.min(x, 1, true), tf.prod(x, 2)],
  'any, all': (x) => [tf.any(mask(x), 2), tf.all(mask(x), 0)],
  'cumsum, plain, exclusive, backwards': (x) => [tf.cumsum(x, 1), tf.cumsum(x, 2, true), tf.cumsum(x, 0, true, true)],
  comparisons: (x, y) => [
    tf.equal(halves(x), halves(y)),
    tf.notEqual(halves(x), 0.5),
    tf.less(x, y),
    tf.lessEqual(halves(x), halves(y)),
    tf.greaterEqual(halves(x), 0.5),
  ],
  logic: (x, y) => [tf.logicalAnd(mask(x), mask(y)), tf.logicalOr(mask(x), mask(y)), tf.logicalNot(mask(x))],
  'round to even, floor, ceil, sign': (x) => [
    tf.round(halves(x)),
    tf.floor(tf.mul(x, 3)),
    tf.ceil(x),
    tf.sign(halves(x)),
  ],
  'mod and floorDiv': (x) => [tf.mod(tf.mul(x, 7), 3), tf.floorDiv(tf.mul(x, 7), tf.scalar(3))],
  'isNaN, isInf, isFinite': (x) => {
    const odd = tf.div(halves(x), tf.relu(halves(x)));
    return [tf.isNaN(odd), tf.isInf(odd), tf.isFinite(odd)];
  },
  'where with a mask of lower rank': (x, y) => tf.where(tf.greater(tf.slice(x, [0, 0, 0], [1, 1, 6]), 0), x, y),
  'oneHot, gather, cast': (x) => {
    const index = tf.cast(tf.abs(tf.mul(x, 3.9)), 'int32');
    return [tf.oneHot(index as Tensor2D, 4), tf.gather(x, tf.tensor1d([3, 0, 3], 'int32'), 1), index];
  },
  'gather with computed indices': (x) => tf.gather(x, tf.argMax(tf.reshape(x, [6, 8]), 1), 2),
  'stridedSlice, backwards and masked': (x) => [
    tf.stridedSlice(x, [0, 3, 1], [2, 0, 6], [1, -1, 2]),
    tf.stridedSlice(x, [0, 1, 0], [2, 2, 6], [1, 1, 1], 0, 0, 0, 0, 2),
  ],
  'mirrorPad and pad with a number': (x) => [
    tf.mirrorPad(
      x,
      [
        [0, 0],
        [1, 2],
        [3, 0],
      ],
      'reflect',
    ),
    tf.pad(
      x,
      [
        [1, 0],
        [0, 2],
        [0, 0],
      ],
      7.5,
    ),
  ],
  'tile, stack, unstack, split, reverse': (x) => [
    tf.tile(x, [2, 1, 3]),
    tf.stack(tf.unstack(x, 1), 2),
    ...tf.split(x, 3, 2),
    tf.reverse(x, [0, 2]),
  ],
  'outputs that are inputs, constants or equal': (x) => [
    x,
    tf.ones([2, 2]),
    tf.scalar(3),
    tf.neg(x),
    tf.neg(x),
    tf.transpose(x),
  ],
  'range, linspace, fill, eye': (x) => [
    tf.add(tf.range(0, 6), x),
    tf.mul(x, tf.linspace(0, 1, 6)),
    tf.fill([2, 3], 4),
    tf.eye(3),
  ],
  'softmax kernels': (x) => [tf.softmax(x), tf.softmax(x, 2)],
  'matMul with broadcast batches and transposes': (x, y) => [
    tf.matMul(x, y, false, true),
    tf.matMul(x, y, true, false),
    tf.matMul(tf.slice(x, [0], [1]), y, false, true),
    tf.dot(tf.reshape(x, [48]), tf.reshape(y, [48])),
    tf.outerProduct(
      tf.reshape(tf.slice(x, [0, 0, 0], [1, 1, 6]), [6]),
      tf.reshape(tf.slice(y, [0, 0, 0], [1, 1, 4]), [4]),
    ),
  ],
  'a value beside its own transpose, in batches of which one is single': (x) => {
    const heads = tf.transpose(tf.reshape(x, [1, 4, 2, 6]), [0, 2, 1, 3]);
    const one = tf.reshape(heads, [2, 4, 6]);
    return [
      tf.matMul(one, one, false, true),
      tf.matMul(one, one, true, false),
      tf.matMul(tf.matMul(one, one, false, true), one),
    ];
  },
  'conv2d, dilated and depthwise': (x, y) => [
    tf.conv2d(image(x), tf.reshape(y, [2, 3, 2, 4]), 1, 'same', 'NHWC', [1, 2]),
    tf.depthwiseConv2d(image(x), tf.reshape(tf.slice(y, [0, 0, 0], [1, 4, 6]), [3, 2, 2, 2]), 1, 'same'),
  ],
  'fused matMul and conv2d': (x, y) => [
    tf.fused.matMul({ a: tf.reshape(x, [8, 6]), b: tf.reshape(y, [6, 8]), bias: tf.ones([8]), activation: 'relu' }),
    tf.fused.conv2d({
      x: image(x),
      filter: tf.reshape(y, [2, 3, 2, 4]),
      strides: 1,
      pad: 'same',
      bias: tf.ones([4]),
      activation: 'sigmoid',
    }),
  ],
  'maxPool and avgPool, padded and overlapping': (x) => [
    tf.maxPool(image(x), 3, 2, 'same'),
    tf.avgPool(image(x), 3, 2, 'same'),
  ],
  'resizeNearestNeighbor, depthToSpace': (x) => [
    tf.image.resizeNearestNeighbor(image(x), [8, 18]),
    tf.depthToSpace(tf.reshape(x, [1, 2, 3, 8]), 2, 'NHWC'),
  ],
  'resizeBilinear, both conventions': (x) => [
    tf.image.resizeBilinear(image(x), [9, 5], false, true),
    tf.image.resizeBilinear(image(x), [8, 12], true),
    tf.image.resizeBilinear(image(x), [7, 13]),
  ],
  'norms and moments': (x) => {
    const { mean, variance } = tf.moments(x, [1]);
    return [tf.norm(x), tf.norm(x, 1), mean, variance, tf.logSumExp(x, 2)];
  },
};

for (const [name, op] of Object.entries(cases))
  test(`compiled ${name}`, () => assertSame(op, [random([2, 4, 6], 1), random([2, 4, 6], 2)]));

test('compiled NaN and infinities pass through, x * 0 is 0', async () => {
  const x = ndarray([4], Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, -1, 2));
  await assertSame((t) => [tf.abs(t), tf.add(t, 1), tf.sub(t, 0)], [x]);
});

/** Steps of random programs: [applicable, apply]. Shapes stay small; every step keeps up to four axes. */
const steps: ((x: Tensor, pick: (n: number) => number, fresh: (shape: number[]) => Tensor) => Tensor)[] = [
  (x) => tf.tanh(x),
  (x) => tf.relu(tf.sub(x, 0.1)),
  (x, pick) => tf.mul(x, [2, 0.5, -1][pick(3)]!),
  (x, pick) => {
    const axes = x.shape.map((_, i) => i);
    return tf.transpose(
      x,
      axes.sort(() => pick(3) - 1),
    );
  },
  (x, _, fresh) => tf.add(x, fresh(x.shape)),
  (x, _, fresh) => tf.mul(x, fresh(x.shape.slice(-1))),
  (x, pick, fresh) => tf.sub(x, fresh(x.shape.map((n) => (pick(2) ? n : 1)))),
  (x, pick) => {
    const [a, b] = [pick(x.rank), x.size];
    return tf.reshape(
      x,
      [[b], [x.shape[a]!, -1], [-1, x.shape[a]!], [1, x.shape[0], -1, 1], [x.shape[0], -1]][pick(5)]!,
    );
  },
  (x, pick) => {
    const axis = pick(x.rank);
    return tf.add(tf.sum(x, axis, true), tf.mul(x, 0.5));
  },
  (x, pick) => (x.rank > 1 ? tf.sum(x, pick(x.rank)) : x),
  (x, pick) => {
    const axis = pick(x.rank);
    return x.size < 200 ? tf.concat([x, tf.neg(x)], axis) : x;
  },
  (x, pick) => {
    const axis = pick(x.rank);
    return tf.slice(
      x,
      x.shape.map((n, i) => (i === axis && n > 1 ? 1 : 0)),
    );
  },
  (x, pick) => tf.reverse(x, [pick(x.rank)]),
  (x, _, fresh) => (x.rank === 4 ? tf.conv2d(x as Tensor4D, fresh([3, 3, x.shape[3]!, 2]) as Tensor4D, 1, 'same') : x),
  (x) => (x.rank === 4 && x.shape[1]! > 1 && x.shape[2]! > 1 ? tf.maxPool(x as Tensor4D, 2, 2, 'valid') : x),
  (x, _, fresh) => (x.rank === 2 ? tf.matMul(x as Tensor2D, fresh([x.shape[1]!, 3]) as Tensor2D) : x),
  (x) => (x.rank === 2 ? tf.matMul(x as Tensor2D, x as Tensor2D, true) : x),
  (x) => (x.rank === 3 ? tf.matMul(x as Tensor3D, x as Tensor3D, false, true) : x),
];

test('compiled random programs with their gradients give the eager numbers', async () => {
  for (let round = 0; round < 60; round++) {
    const program: Op = (x) => {
      const next = uniformStream(1000 + round);
      const pick = (n: number): number => Math.floor(next() * n);
      const fresh = (shape: number[]): Tensor => {
        const data = random(shape, Math.floor(next() * 1e6)).data;
        return tf.tensor(data, shape);
      };
      const run = (t: Tensor): tf.Scalar => {
        let y = t;
        for (let k = 0; k < 12; k++) y = steps[pick(steps.length)]!(y, pick, fresh);
        return tf.mean(tf.square(tf.add(y, 0.1)));
      };
      const { value, grad } = tf.valueAndGrad(run)(x);
      return [value, grad];
    };
    await assertSame(program, [random([2, 4, 3, 2], round)], 1e-4).catch((error) => {
      throw new Error(`program ${round}: ${error.message}`);
    });
  }
});

test('filter gradients of many entries, gathered a kernel row at a time: strides, dilations, paddings', async () => {
  const x = random([6, 30, 26, 8], 61);
  for (const [strides, dilations, pad] of [
    [1, 1, 'same'],
    [2, 1, 'same'],
    [1, 2, 'valid'],
  ] as const) {
    const conv = (image: Tensor, w: Tensor): Tensor4D =>
      tf.conv2d(image as Tensor4D, w as Tensor4D, strides, pad, 'NHWC', dilations);
    const slope = (image: Tensor, w: Tensor): Tensor => tf.grad((v: Tensor) => tf.sum(tf.square(conv(image, v))))(w);
    await assertSame(slope, [x, random([5, 4, 8, 6], 62)], 1e-5);
  }
});

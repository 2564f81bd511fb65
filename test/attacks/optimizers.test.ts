import assert from 'node:assert/strict';
import test from 'node:test';
import { closuresIn, minimise, type Search, type SearchState } from '../../src/attacks/search/minimise.js';
import { OPTIMIZERS } from '../../src/attacks/search/optimizers/index.js';
import { cubicMinimum, wolfe } from '../../src/attacks/search/optimizers/wolfe.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';

/** A function of n numbers with its gradient, as a search over a picture of n pixels. */
function searching(
  start: readonly number[],
  f: (x: Float64Array) => { value: number; gradient: number[] },
  closures: number,
  more: Partial<Search> = {},
): Search {
  const shape = [1, 1, start.length, 1];
  return {
    size: [1, start.length],
    start: ndarray(shape, Float32Array.from(start)),
    stages: [{ size: [1, start.length], closures, rate: [1, 1] }],
    optimizer: 'lbfgs',
    evaluate: async ({ data }) => {
      const { value, gradient } = f(Float64Array.from(data));
      return { objective: value, gradient: ndarray(shape, Float32Array.from(gradient)) };
    },
    ...more,
  };
}

async function run(search: Search, from?: SearchState): Promise<SearchState> {
  let last = from;
  for await (const state of minimise(search, from)) last = state;
  return last!;
}

/** sum 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2, least at (1, ..., 1). */
function rosenbrock(x: Float64Array): { value: number; gradient: number[] } {
  const gradient = new Array<number>(x.length).fill(0);
  let value = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const [a, b] = [x[i + 1]! - x[i]! ** 2, 1 - x[i]!];
    value += 100 * a * a + b * b;
    gradient[i]! += -400 * a * x[i]! - 2 * b;
    gradient[i + 1]! += 200 * a;
  }
  return { value, gradient };
}

test('lbfgs: Rosenbrock in 2 and in 10 dimensions, to (1, ..., 1) in the evaluations that textbooks take', async () => {
  for (const [start, most] of [
    [[-1.2, 1], 70],
    [Array.from({ length: 10 }, (_, i) => (i % 2 ? 1 : -1.2)), 160],
  ] as const) {
    const { best } = await run(searching(start, rosenbrock, most));
    for (const x of best.images.data) assert.ok(Math.abs(x - 1) < 1e-3, `${start.length} dimensions: ${x}`);
  }
});

test('lbfgs: a quadratic with condition 1e4, to its minimum; Adam does not get there in as many', async () => {
  const uniform = uniformStream(3);
  const middle = Array.from({ length: 30 }, uniform);
  const quadratic = (x: Float64Array) => {
    const gradient = Array.from(x, (value, i) => 10 ** ((4 * i) / 29) * (value - middle[i]!));
    return { value: 0.5 * gradient.reduce((sum, g, i) => sum + g * (x[i]! - middle[i]!), 0), gradient };
  };
  const start = new Array<number>(30).fill(0);
  const { best } = await run(searching(start, quadratic, 200));
  assert.ok(best.objective < 1e-7, `${best.objective}`);
  const slow = await run(
    searching(start, quadratic, 200, {
      optimizer: 'adam',
      stages: [{ size: [1, 30], closures: 200, rate: [0.1, 0.01] }],
    }),
  );
  assert.ok(slow.best.objective > 100 * best.objective);
});

test('lbfgs: its accepted points satisfy both Wolfe conditions, so every pair has positive curvature', async () => {
  let pairs = 0;
  for await (const { optimizer } of minimise(searching([-1.2, 1, 0.5], rosenbrock, 60))) {
    const { s, y } = optimizer.arrays as { s: Float32Array; y: Float32Array };
    for (let k = 0; k < s.length; k += 3) {
      assert.ok(s[k]! * y[k]! + s[k + 1]! * y[k + 1]! + s[k + 2]! * y[k + 2]! > 0);
      pairs++;
    }
  }
  assert.ok(pairs > 20);
});

test('lbfgs: stops by itself when float32 tells no two points apart, and where the slope is 0', async () => {
  const square = (x: Float64Array) => ({ value: 1 + x[0]! ** 2, gradient: [2 * x[0]!] });
  const state = await run(searching([3], square, 500));
  assert.ok(state.converged && state.history.length < 100, `${state.history.length} evaluations`);
  assert.ok(Math.abs(state.best.images.data[0]!) < 1e-3);
  assert.equal((await run(searching([0], square, 10))).history.length, 1);
});

test('lbfgs: a wall (NaN) halves the step instead of ending the search', async () => {
  const walled = (x: Float64Array) => {
    const bad = x[0]! < 0.5;
    return { value: bad ? Number.NaN : (x[0]! - 0.6) ** 2, gradient: [bad ? Number.NaN : 2 * (x[0]! - 0.6)] };
  };
  const { best } = await run(searching([40], walled, 80));
  assert.ok(Math.abs(best.images.data[0]! - 0.6) < 1e-3, `${best.images.data[0]}`);
});

test('lbfgs: its state survives JSON and goes on to the same bits', async () => {
  const search = searching([-1.2, 1], rosenbrock, 40);
  const whole = await run(search);
  let half: SearchState | undefined;
  for await (half of minimise(search)) if (half.history.length === 17) break;
  const numbers = JSON.parse(JSON.stringify(half!.optimizer.numbers));
  const resumed = await run(search, { ...half!, optimizer: { arrays: half!.optimizer.arrays, numbers } });
  assert.deepEqual(resumed.best, whole.best);
  assert.deepEqual(resumed.latent, whole.latent);
});

test('minimise: restarts are searched one after the other, the best of all by the objective is kept', async () => {
  const wells = (x: Float64Array) => ({
    value: x[0]! < 0 ? (x[0]! + 1) ** 2 : (x[0]! - 1) ** 2 + 0.5,
    gradient: [x[0]! < 0 ? 2 * (x[0]! + 1) : 2 * (x[0]! - 1)],
  });
  const other = (x: number) => ({ start: ndarray([1, 1, 1, 1], x) });
  const state = await run(searching([3], wells, 12, { restarts: [other(-3), other(2)] }));
  assert.equal(state.restart, 2);
  assert.ok(Math.abs(state.best.images.data[0]! + 1) < 1e-3);
});

test('minimise: side by side every lane counts its closures among all, the best of all is kept', async () => {
  const parabola = (x: Float64Array) => ({ value: (x[0]! - 1) ** 2, gradient: [2 * (x[0]! - 1)] });
  const others = [-3, 2].map((x) => ({ start: ndarray([1, 1, 1, 1], x) }));
  const more = { restarts: others, sideBySide: true, evaluations: 2, optimizer: 'adam' } as const;
  const search = searching([30], parabola, 3, more);
  const { history, best } = await run(search);
  assert.deepEqual(
    history.map(({ closure }) => closure),
    [2, 4, 6, 8, 10, 12, 14, 16, 18],
  );
  assert.deepEqual(
    history.slice(0, 3).map(({ objective }) => objective),
    [29 ** 2, 4 ** 2, 1],
  );
  assert.equal(closuresIn(search), 18);
  assert.equal(best.objective, Math.min(...history.map(({ objective }) => objective)));
  // the last two of a lane differ: what is told is the latest
  assert.ok(history.slice(6).every(({ objective }, lane) => objective !== history[3 + lane]!.objective));
});

test('cubicMinimum: of t^3 - 3 t, from any two points with their slopes: 1', () => {
  const at = (t: number) => ({ t, value: t ** 3 - 3 * t, slope: 3 * t * t - 3 });
  for (const [a, b] of [
    [0, 2],
    [0.5, 3],
    [2, 0],
  ] as const)
    assert.ok(Math.abs(cubicMinimum(at(a), at(b)) - 1) < 1e-12);
  assert.ok(Object.keys(OPTIMIZERS).includes('lbfgs'));
});

test('L-BFGS begins as PyTorch does: down the gradient by the rate, over the sum of its sizes if above 1', () => {
  for (const [gradient, length] of [
    [[3, -1], 0.5 / 4],
    [[0.2, -0.1], 0.5],
  ] as const) {
    const at = { x: Float32Array.of(1, 2), value: 1, gradient: Float32Array.from(gradient) };
    const { x } = OPTIMIZERS.lbfgs.step(at, OPTIMIZERS.lbfgs.start(2), 0.5);
    [1, 2].forEach((from, i) => {
      assert.ok(Math.abs(x[i]! - (from - length * gradient[i]!)) < 1e-6, `${x} for ${gradient}`);
    });
  }
});

test('wolfe: where the line is infinite it tries half-way back, wherever it began', () => {
  const low = { t: 1, value: 2, slope: -1 };
  const { accept, t } = wolfe(
    { t: 0, value: 3, slope: -1 },
    { low },
    { t: 4, value: Number.POSITIVE_INFINITY, slope: 0 },
  ) as {
    accept: boolean;
    t: number;
  };
  assert.deepEqual([accept, t], [false, 2.5]);
});

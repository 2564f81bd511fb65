import assert from 'node:assert/strict';
import { test } from 'node:test';
import { productInTurns, productTransposedInTurns, transposedProductInTurns } from '../../src/core/in-turns.js';
import { mapped, matrix, product, productTransposed, transposedProduct } from '../../src/core/linear-algebra.js';
import { normalStream } from '../../src/core/random.js';

const normal = normalStream(4);
const random = (rows: number, columns: number) => mapped(matrix(rows, columns), normal);

test('products in turns: the bits of the products in one, and a breath for every block', async () => {
  const [long, other, wide] = [random(5000, 300), random(300, 12), random(7, 300)];
  const tall = random(5000, 12);
  const [rows, large] = [random(2, 3000), random(3000, 3000)];
  const cost = (a: number, b: number, c: number): number => (a * b * c) / 2 ** 23;
  let breaths = 0;
  const breath = async (): Promise<void> => {
    breaths++;
  };
  const turnsOf = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    breaths = 0;
    return [await work(), breaths];
  };
  for (const [[found, turns], wanted, least] of [
    [await turnsOf(() => productInTurns(long, other, breath)), product(long, other), cost(5000, 300, 12)],
    [await turnsOf(() => productInTurns(rows, large, breath)), product(rows, large), cost(2, 3000, 3000)],
    [await turnsOf(() => transposedProductInTurns(long, tall, breath)), transposedProduct(long, tall), 2],
    [await turnsOf(() => productTransposedInTurns(wide, long, breath)), productTransposed(wide, long), 2],
  ] as const) {
    assert.deepEqual(found, wanted);
    assert.ok(turns > 1 && turns >= least, `${turns} blocks`);
  }
  assert.deepEqual(await productInTurns(matrix(0, 3), matrix(3, 2), breath), matrix(0, 2));
});

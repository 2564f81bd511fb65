import assert from 'node:assert/strict';

type Numbers = number | ArrayLike<number>;

const listOf = (numbers: Numbers): ArrayLike<number> => (typeof numbers === 'number' ? [numbers] : numbers);

/** Every number is the wanted one to a tolerance, relative where it is larger than 1. */
export function near(got: Numbers, wanted: Numbers, tolerance = 1e-9, what = ''): void {
  const [found, expected] = [listOf(got), listOf(wanted)];
  assert.equal(found.length, expected.length, what);
  for (let i = 0; i < found.length; i++) {
    const [value, right] = [found[i]!, expected[i]!];
    assert.ok(
      Math.abs(value - right) <= tolerance * Math.max(1, Math.abs(right)),
      `${what} ${i}: ${value}, not ${right}`,
    );
  }
}

import assert from 'node:assert/strict';
import test from 'node:test';
import { type PartitionOptions, partition } from '../../src/federation/index.js';

const labels = Int32Array.from({ length: 1000 }, (_, i) => i % 10);
const classesOf = (positions: readonly number[]): number => new Set(positions.map((i) => labels[i])).size;

for (const by of ['iid', 'classes', 'dirichlet'] as const)
  test(`partition by ${by}: every image belongs to exactly one client, the same seed gives the same parts`, () => {
    const options = { clients: 12, by, seed: 5 };
    const parts = partition(labels, options);
    assert.equal(parts.length, 12);
    assert.deepEqual(
      parts.flat().sort((a, b) => a - b),
      Array.from(labels, (_, i) => i),
    );
    assert.deepEqual(partition(labels, options), parts);
    assert.notDeepEqual(partition(labels, { ...options, seed: 6 }), parts);
  });

test('partition iid: sizes differ by at most one', () => {
  const sizes = partition(labels, { clients: 7 }).map((part) => part.length);
  assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, String(sizes));
});

test('partition by classes: a client sees as many classes as it has shards, and they are dealt at random', () => {
  const parts = partition(labels, { clients: 10, by: 'classes', classesPerClient: 1 });
  assert.deepEqual(
    parts.map(classesOf),
    parts.map(() => 1),
  );
  assert.ok(partition(labels, { clients: 10, by: 'classes' }).every((part) => classesOf(part) <= 2));
});

test('partition by dirichlet: small concentrations are uneven, large ones nearly iid; mean share 1 / clients', () => {
  const spread = (concentration: number): number => {
    const counts = partition(labels, { clients: 5, by: 'dirichlet', concentration, seed: 3 }).map(
      (part) => part.filter((i) => labels[i] === 0).length,
    );
    return Math.max(...counts) - Math.min(...counts);
  };
  assert.ok(spread(0.1) > 50, String(spread(0.1)));
  assert.ok(spread(1e4) <= 5, String(spread(1e4)));
  // Dir(a) over 2 clients is Beta(a, a): variance 1 / (4 (2a + 1)).
  const many = Int32Array.from({ length: 4000 }, (_, i) => Math.floor(i / 4)); // 1000 classes of 4 images
  const big = Int32Array.from({ length: 100_000 }, (_, i) => i % 1000);
  for (const concentration of [0.5, 2]) {
    const [first] = partition(big, { clients: 2, by: 'dirichlet', concentration, seed: 8 });
    const shares = new Float64Array(1000);
    for (const i of first!) shares[big[i]!]! += 0.01;
    const mean = shares.reduce((a, b) => a + b, 0) / 1000;
    const variance = shares.reduce((a, b) => a + (b - mean) ** 2, 0) / 1000;
    assert.ok(Math.abs(mean - 0.5) < 0.04, `mean ${mean}`);
    assert.ok(Math.abs(variance * 4 * (2 * concentration + 1) - 1) < 0.15, `variance ${variance}`);
  }
  assert.equal(partition(many, { clients: 2, by: 'dirichlet' }).flat().length, 4000);
});

test('partition refuses what cannot be dealt, in words', () => {
  const cases: [PartitionOptions, RegExp][] = [
    [{ clients: 1001 }, /partition: 1000 images cannot be dealt to 1001 clients; use fewer clients/],
    [{ clients: 600, by: 'classes' }, /1000 images cannot be dealt to 1200 shards/],
    [{ clients: 500, by: 'dirichlet', concentration: 0.01 }, /a client gets no image in 100 draws/],
    [{ clients: 0 }, /clients must be an integer of at least 1, got 0/],
    [
      { clients: 2, by: 'class' as 'classes' },
      /by must be one of iid, classes, dirichlet, got "class"; did you mean "classes"/,
    ],
    [{ clients: 2, concentration: 0 }, /concentration must be a number above 0, got 0/],
    [{ clients: 2, client: 3 } as PartitionOptions, /unknown option "client"; did you mean "clients"/],
  ];
  for (const [options, message] of cases) assert.throws(() => partition(labels, options), message);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PIECES } from './pieces.js';
import { dice, SEED } from './seed.js';
import { growth, repeated, WAYS } from './texts.js';

const COUNT = 100;

for (const [name, way] of Object.entries(WAYS))
  test(`${name}: ${COUNT} kinds of text are read in linear time (ROGLAB_SEED=${SEED})`, { timeout: 300_000 }, () => {
    const below = dice(SEED);
    const piece = (): string => PIECES[below(PIECES.length)]!;
    for (let k = 0; k < COUNT; k++) {
      const [start, unit, end] = [piece(), piece() + piece() + (below(2) ? piece() : ''), piece()];
      const ratio = growth(way, (length) => start + repeated(unit)(length) + end);
      assert.ok(ratio <= 3, `${JSON.stringify([start, unit, end])}: ${ratio.toFixed(1)} times as long`);
    }
  });

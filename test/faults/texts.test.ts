import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plotSvg } from '../../src/report/index.js';
import { PIECES } from './pieces.js';
import { growth, repeated, WAYS } from './texts.js';

for (const [name, way] of Object.entries(WAYS))
  test(`${name}: a text of twice the length takes at most three times as long`, () => {
    const pieces = [...PIECES, '<b', '</span ', '<br ', 'x<i'];
    const slow = pieces.filter((piece) => growth(way, repeated(piece)) > 3);
    assert.deepEqual(slow, []);
  });

test('plot: control characters and halves of pairs in names are no broken picture', () => {
  const all = String.fromCharCode(...Array.from({ length: 32 }, (_, i) => i), 0xd800, 0xfffe, 0xffff);
  const svg = plotSvg([{ x: [1], y: [1], name: all, mode: 'text', text: [all] }], { title: all, showlegend: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  assert.doesNotMatch(svg, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Cs}]/u);
  assert.match(svg, /\ufffd/);
});

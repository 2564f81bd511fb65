import assert from 'node:assert/strict';
import { test } from 'node:test';
import { looksOf } from '../../src/report/chart/looks.js';
import { plotSvg } from '../../src/report/index.js';

const named = (...names: string[]) => names.map((name) => ({ name, x: [1, 2], y: [1, 2] }));
const colours = (...names: string[]) => looksOf(named(...names)).map(({ colour }) => colour);

test('looksOf: a name of the field has its colour whatever stands beside it', () => {
  for (const name of ['uniform', 'QSGD', 'top-k', 'no φ', 'raw', 'restored', 'paper preset', 'ROGS', 'ours: rog()']) {
    const alone = colours(name)[0];
    assert.equal(colours('something', 'else', name)[2], alone, name);
    assert.equal(colours(name, 'something')[0], alone, name);
    assert.notEqual(colours('something', 'else', name)[0], alone, name);
  }
  assert.equal(colours('topk:0.99')[0], colours('top-k')[0]);
  assert.equal(colours('… restored')[0], colours('restored ROG')[0]);
  assert.notEqual(colours('nonesuch')[0], colours('none')[0]);
});

test('looksOf: more than eight series, and those of one family, differ in colour, mark or dash', () => {
  const many = [
    ...['topk:0.99', 'topk:0.95', 'quantize:2', 'qsgd:2', 'quantize:4', 'qsgd:4', 'topk:0.8', 'quantize:8', 'qsgd:8'],
    ...['none', ...Array.from({ length: 20 }, (_, i) => `other ${i}`)],
  ];
  const seen = looksOf(named(...many)).map(({ colour, symbol, dash }) => `${colour} ${symbol} ${dash}`);
  assert.equal(new Set(seen).size, many.length);
  const first = looksOf(named(...'abcdefgh')).map(({ colour, symbol, dash }) => [colour, symbol, dash] as const);
  assert.equal(new Set(first.map(([colour]) => colour)).size, 8);
  assert.equal(new Set(first.map(([, symbol]) => symbol)).size, 8, 'in grey print too');
  assert.ok(first.every(([, , dash]) => dash === 'solid'));
});

test('looksOf: bars of one colour differ in strength; a heat map takes no colour; a band looks like its line', () => {
  const bars = looksOf(['topk:0.8', 'topk:0.95'].map((name) => ({ type: 'bar', name, y: [1] })));
  assert.notEqual(bars[0]!.opacity, bars[1]!.opacity);
  const [, line] = looksOf([{ type: 'heatmap', z: [[1]] }, ...named('a')]);
  assert.deepEqual(line, looksOf(named('a'))[0]);
  const [below, above, other] = looksOf([{ fill: 'toself', x: [1], y: [1] }, ...named('a', 'b')]);
  assert.deepEqual(below, above);
  assert.notEqual(above!.colour, other!.colour);
});

test('plotSvg: a second series of a family is dashed, in the picture and in the legend', () => {
  const svg = plotSvg(named('topk:0.99', 'topk:0.95'));
  assert.equal(svg.match(/stroke-dasharray="7 5"/g)!.length, 2);
  assert.ok(
    !plotSvg([{ ...named('topk:0.99')[0]! }, { ...named('topk:0.95')[0]!, line: { dash: 'solid' } }]).includes('dash'),
  );
});

test('plotSvg: bands and error bars end at the axes, marks may stand on them', () => {
  const svg = plotSvg(
    [
      { fill: 'toself', x: [0, 1, 1, 0], y: [-5, -5, 5, 5] },
      { x: [0, 1], y: [0, 1], error_y: { array: [2, 2] }, name: 'a' },
    ],
    { yaxis: { range: [0, 1] } },
  );
  const box = /<clipPath id="i0"><rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/
    .exec(svg)!
    .slice(1)
    .map(Number);
  const outer = /<clipPath id="p0"><rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/
    .exec(svg)!
    .slice(1)
    .map(Number);
  assert.deepEqual(outer, [box[0]! - 6, box[1]! - 6, box[2]! + 12, box[3]! + 12]);
  const inside = [...svg.matchAll(/<g clip-path="url\(#i0\)">(.*?)<\/g>/g)].map(([, drawn]) => drawn!);
  assert.equal(inside.filter((drawn) => drawn.includes('fill-opacity="0.13"')).length, 1);
  assert.equal(inside.filter((drawn) => drawn.includes('h8M')).length, 1);
});

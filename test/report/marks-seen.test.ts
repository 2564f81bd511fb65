import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveFigure } from '../../src/report/chart/figure.js';
import { plotlyFigure } from '../../src/report/chart/live-chart.js';
import { theme } from '../../src/report/chart/theme.js';
import type { Layout, Trace } from '../../src/report/chart/types.js';
import { plotSvg } from '../../src/report/index.js';

interface Live {
  readonly name?: string;
  readonly opacity?: number;
  readonly offsetgroup?: string;
  readonly showlegend?: boolean;
  readonly error_y: { readonly color: string; readonly thickness: number };
  readonly marker: { readonly size: number | number[]; readonly opacity: number };
}

const { dark, light } = theme.onColour;
const sizesOf = ({ marker: { size } }: Live, count = 2): number[] =>
  Array.isArray(size) ? size : Array.from({ length: count }, () => size);
const live = (traces: Trace[], layout: Layout = {}) => plotlyFigure(resolveFigure(traces, layout)).data as Live[];

test('error bars over bars are dark with a light edge at full strength, whatever the bars are', () => {
  const bar = { type: 'bar', x: ['a', 'b'], y: [1, 2], error_y: { array: [0.5, 0.5] } };
  for (const opacity of [1, 0.2]) {
    const svg = plotSvg([{ ...bar, opacity }]);
    const edge = svg.indexOf(`stroke="${light}"`);
    assert.ok(edge > svg.lastIndexOf('<rect') && edge < svg.indexOf(`stroke="${dark}"`), 'bars, edge, line');
    assert.equal(
      svg.slice(svg.lastIndexOf('<g opacity', edge), edge).match(/<\/g>/g)?.length,
      1,
      'no part of the bars',
    );
  }
  const [under, over] = live([{ ...bar, name: 'a', opacity: 0.2 }]);
  assert.deepEqual([under!.error_y.color, over!.error_y.color], [light, dark]);
  assert.ok(under!.error_y.thickness > over!.error_y.thickness);
  assert.equal(under!.offsetgroup, over!.offsetgroup);
  assert.deepEqual([under!.opacity, under!.marker.opacity, over!.showlegend], [undefined, 0.2, false]);
});

test('bars beside one another keep their places where only some have error bars; stacked ones are not doubled', () => {
  const [a, b] = [
    { type: 'bar', name: 'a', x: ['p'], y: [1], error_y: { array: [0.5] } },
    { type: 'bar', name: 'b', x: ['p'], y: [1] },
  ];
  const groups = live([a, b]).map(({ offsetgroup }) => offsetgroup);
  assert.equal(new Set(groups).size, 2);
  assert.equal(groups.length, 3);
  assert.equal(live([a, b], { barmode: 'stack' }).length, 2);
});

test('a mark that a later one would cover shows a rim, in the picture and in the live chart', () => {
  const [a, b] = [
    { name: 'a', x: [1, 2], y: [1, 1], mode: 'markers' as const },
    { name: 'b', x: [1, 3], y: [1, 1], mode: 'markers' as const },
  ];
  const [under, over] = live([a, b]);
  const [covered, free] = sizesOf(under!);
  assert.ok(covered! > 8 + 2);
  assert.deepEqual([free, ...sizesOf(over!)], [8, 8, 8]);
  const paths = [...plotSvg([a, b]).matchAll(/<path d="([^"]+)" transform="translate\(([\d.]+) /g)].slice(-4);
  assert.notEqual(paths[0]![1], paths[1]![1]);
  assert.equal(paths[0]![2], paths[2]![2]);
  const { line, opacity } = under!.marker as Live['marker'] & { line?: object };
  assert.deepEqual([line, opacity], [{ width: 0 }, 1], 'as in the picture');
  const open = live([a, { ...b, marker: { symbol: 'circle-open' } }]);
  assert.equal(open[0]!.marker.size, 8, 'a ring covers nothing');
  const sized = live([{ ...a, marker: { size: [4, 30] } }, b]);
  assert.deepEqual(sized[0]!.marker.size, [4, 30], 'sizes that say something');
});

test('many marks in one place: each of the upper ones has a rim, and none grows without end', () => {
  const all = Array.from({ length: 12 }, (_, k) => ({ name: `s${k}`, x: [1], y: [1], mode: 'markers' as const }));
  const sizes = live(all).map((one) => sizesOf(one)[0]!);
  assert.ok(sizes.every((size, k) => k === 0 || size <= sizes[k - 1]!));
  assert.ok(sizes[0]! < 30);
  assert.equal(new Set(sizes.slice(-4)).size, 4);
});

test('a line that leaves the panel ends at its frame; one that runs along it keeps its width', () => {
  const drawn = (y: number[]) => plotSvg([{ x: [0, 1, 2], y, mode: 'lines' }], { yaxis: { range: [0, 1] } });
  const clipped = /<g clip-path="url\(#i0\)"><path[^>]*fill="none"/;
  assert.match(drawn([0, 2, 0.5]), clipped);
  assert.doesNotMatch(drawn([0, 0, 1]), clipped);
});

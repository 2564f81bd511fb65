import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import sharp from 'sharp';
import { banded } from '../../src/report/banded.js';
import { cellEdges, format, resolveAxis } from '../../src/report/chart/axis.js';
import { resolveFigure } from '../../src/report/chart/figure.js';
import { chartHtml, PLOTLY_VERSION, plotlyFigure } from '../../src/report/chart/live-chart.js';
import { colourAt, colourStops } from '../../src/report/chart/theme.js';
import type { Layout, Trace } from '../../src/report/chart/types.js';
import { plot, plotSvg } from '../../src/report/plot.js';

const pixels = async (svg: string) => {
  const { data, info } = await sharp(Buffer.from(svg))
    .flatten({ background: '#ffffff' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return {
    ...info,
    at: (x: number, y: number) => [...data.subarray((Math.round(y) * info.width + Math.round(x)) * 3).subarray(0, 3)],
  };
};
const near = (a: readonly number[], b: readonly number[], by = 3) => a.every((v, i) => Math.abs(v - b[i]!) <= by);
const live = (traces: Trace[], layout: Layout = {}) =>
  plotlyFigure(resolveFigure(traces, layout)) as {
    data: Record<string, unknown>[];
    layout: Record<string, Record<string, unknown>>;
  };

test('plotSvg: markers stand where the axis says, in the colour of their series', async () => {
  const traces: Trace[] = [
    { x: [0, 5, 10], y: [1, 3, 2], mode: 'markers', name: 'a', marker: { size: 12 } },
    { x: [0, 5, 10], y: [3, 1, 3], mode: 'markers', name: 'b', marker: { size: 12 } },
  ];
  const [panel] = resolveFigure(traces, {}).panels;
  const picture = await pixels(plotSvg(traces));
  assert.deepEqual([picture.width, picture.height], [720, 420]);
  for (const [k, colour] of [
    [0, [0, 0x72, 0xb2]],
    [1, [0xd5, 0x5e, 0]],
  ] as const)
    for (let i = 0; i < 3; i++) {
      const at = picture.at(panel!.atX(Number(traces[k]!.x![i])), panel!.atY(Number(traces[k]!.y![i])));
      assert.ok(near(at, colour), `series ${k} point ${i}: ${at}`);
    }
});

test('plotSvg: each marker has the size of its own', async () => {
  const traces: Trace[] = [{ x: [0, 5, 10], y: [1, 3, 2], mode: 'markers', marker: { size: [30, 6, 30] } }];
  const [panel] = resolveFigure(traces, {}).panels;
  const picture = await pixels(plotSvg(traces));
  const beside = [0, 1, 2].map((i) => picture.at(panel!.atX([0, 5, 10][i]!) + 10, panel!.atY([1, 3, 2][i]!)));
  assert.deepEqual(
    beside.map((at) => near(at, [0, 0x72, 0xb2])),
    [true, false, true],
  );
});

test('plotSvg: bars stand on zero and reach their value; a stack adds up', async () => {
  const bars: Trace[] = [
    { type: 'bar', x: ['p', 'q'], y: [10, 5], name: 'a' },
    { type: 'bar', x: ['p', 'q'], y: [4, 8], name: 'b' },
  ];
  const [panel] = resolveFigure(bars, { barmode: 'stack' }).panels;
  const picture = await pixels(plotSvg(bars, { barmode: 'stack' }));
  const column = (value: number) => picture.at(panel!.atX(0), panel!.atY(value));
  assert.ok(
    near(column(9.8), [0, 0x72, 0xb2]) && near(column(10.2), [0xd5, 0x5e, 0]) && near(column(13.8), [0xd5, 0x5e, 0]),
  );
  assert.ok(near(column(14.3), [255, 255, 255], 30));
});

test('plotSvg: a heatmap shows each cell in the colour of its value, low rows at the bottom', async () => {
  const z = [
    [0, 1],
    [2, 3],
  ];
  const trace: Trace = { type: 'heatmap', x: ['left', 'right'], y: ['low', 'high'], z };
  const [panel] = resolveFigure([trace], {}).panels;
  const picture = await pixels(plotSvg([trace]));
  for (const [j, row] of z.entries())
    for (const [i, value] of row.entries()) {
      const at = picture.at(panel!.atX(i), panel!.atY(j));
      assert.ok(near(at, colourAt(colourStops(), value / 3)), `cell ${i},${j}: ${at}`);
    }
});

test('plotSvg: hostile names stay text, missing values break a line, empty and unknown charts draw', async () => {
  const svg = plotSvg(
    [
      { x: [1, 2, 3], y: [1, null, Number.NaN], name: '<script>"&' },
      { x: [1], y: [2], name: 'b' },
    ],
    { title: '<b>t</b> & u' },
  );
  assert.ok(!svg.includes('<script') && !/NaN|undefined|Infinity/.test(svg));
  for (const traces of [
    [],
    [{ x: [], y: [] }],
    [{ type: 'sankey' }],
    [{ x: [1], y: [5] }],
    [{ x: [1, 2], y: [0, -1] }],
  ] as Trace[][])
    for (const layout of [{}, { yaxis: { type: 'log' } }]) {
      const drawn = plotSvg(traces, layout);
      assert.ok(!/NaN|undefined|Infinity/.test(drawn), drawn);
      await pixels(drawn);
    }
});

test('resolveAxis: log axes keep to positive values, categories keep their order, given ranges hold', () => {
  const log = resolveAxis('y', [{ y: [0, 1e-3, 1e3] }], { type: 'log' });
  assert.ok(log.domain[0] > 0 && log.domain[0] <= 1e-3 && log.domain[1] >= 1e3);
  assert.deepEqual(
    log.ticks.map(({ label }) => label),
    ['0.001', '0.01', '0.1', '1', '10', '100', '1000'],
  );
  assert.deepEqual(resolveAxis('x', [{ x: ['b', 'a'] }, { x: ['a', 'c'] }]).categories, ['b', 'a', 'c']);
  assert.deepEqual(resolveAxis('x', [{ x: [1, 2] }], { range: [0, 9] }).domain, [0, 9]);
  assert.deepEqual(resolveAxis('x', [{ x: [1, 2] }], { type: 'log', range: [-1, 2] }).domain, [0.1, 100]);
});

test('resolveAxis: no ticks between whole numbers', () => {
  const whole = resolveAxis('x', [{ x: [2, 3, 4] }]);
  assert.deepEqual(
    whole.ticks.map(({ label }) => label),
    ['2', '3', '4'],
  );
  assert.ok(resolveAxis('x', [{ x: [2, 3.5, 4] }]).ticks.some(({ label }) => label === '2.5'));
});

test('cellEdges and format: half way between neighbours; powers of ten', () => {
  assert.deepEqual(cellEdges([1, 2, 4], false), [0.5, 1.5, 3, 5]);
  assert.deepEqual(
    cellEdges([0.01, 0.1, 1], true).map((v) => Math.round(Math.log10(v) * 10) / 10),
    [-2.5, -1.5, -0.5, 0.5],
  );
  assert.deepEqual(
    [0, 0.25, -3, 1e-5, 2.5e7].map((v) => format(v)),
    ['0', '0.25', '−3', '10⁻⁵', '2.5·10⁷'],
  );
});

test('plotlyFigure: the live chart is told the ends, margins and colours of the picture; data survive JSON', () => {
  const y = Float32Array.of(0.1, 10, Number.NaN);
  const layout: Layout = { xaxis: { title: 'bits per entry' }, yaxis: { title: 'objective', type: 'log' }, title: 'T' };
  const figure = resolveFigure([{ x: [1, 2, 3], y }], layout);
  const { data, layout: told } = live([{ x: [1, 2, 3], y }], layout);
  assert.deepEqual(data[0]!.y, [0.1, 10, null]);
  const [panel] = figure.panels;
  assert.deepEqual(told.yaxis!.range, panel!.y.domain.map(Math.log10));
  assert.deepEqual(told.xaxis!.range, [...panel!.x.domain]);
  assert.equal(told.margin!.l, panel!.box.left);
  assert.equal(told.margin!.b, figure.height - panel!.box.top - panel!.box.height);
  assert.equal((told.xaxis!.title as { text: string }).text, 'bits per entry');
  assert.equal((data[0]!.line as { color: string }).color, '#0072b2');
});

test('plotlyFigure: two panels share the width without touching', () => {
  const { layout } = live([{ y: [1, 2] }, { y: [3, 4], xaxis: 'x2', yaxis: 'y2' }], { grid: { rows: 1, columns: 2 } });
  const [first, second] = [layout.xaxis!.domain, layout.xaxis2!.domain] as [number[], number[]];
  assert.ok(first[0] === 0 && first[1]! < second[0]! && Math.abs(second[1]! - 1) < 1e-12);
});

test('chartHtml: without scripts a picture remains; no tag can leave the script; the bundle is not inside', () => {
  const figure = resolveFigure([{ x: [1], y: [1], name: '</script><img>' }], {});
  const html = chartHtml(figure, '<svg/>', 'a "summary"');
  const untrusted = html.replace(/<script[\s\S]*?<\/script>/g, '');
  assert.match(
    untrusted,
    new RegExp(
      '^<div class="roglab-chart roglab-[0-9a-f]{10}".*<img alt="a &#34;summary&#34;" ' +
        '.*src="data:image/svg\\+xml;base64,[\\w+/=]+"></div>$',
    ),
  );
  assert.equal(html.match(/<\/script>/g)!.length, 1);
  assert.ok(html.length < 6000);
  assert.ok(!chartHtml(figure, '<svg/>', 's', false).includes('<script'));
});

test('plotlyVersion: the content network is asked for the installed version', () => {
  const manifest = createRequire(import.meta.url).resolve('plotly.js-dist/package.json');
  assert.equal(JSON.parse(readFileSync(manifest, 'utf8')).version, PLOTLY_VERSION);
});

test('plot: messages name the trace and the rule', () => {
  assert.throws(
    () => plot({ x: [1] } as never),
    /plot: the first argument must be a list of traces.*write \[\{ x, y \}\]/,
  );
  assert.throws(() => plot([{ x: [1, 2], y: [1], name: 'a' }]), /plot: trace 0 \(a\) has 2 values in x but 1 in y/);
  assert.throws(() => plot([{ type: 'heatmap', x: [1], z: [[1, 2]] }]), /trace 0 has 2 columns in z but 1 values in x/);
  assert.throws(() => plot([{ type: 'contour' }]), /trace 0 needs z/);
  assert.throws(() => plot([], {}, { alive: true } as never), /unknown option "alive"; did you mean "live"/);
});

test('plotSvg: no ground of its own, so that dark pages show no white box', async () => {
  const traces: Trace[] = [{ x: [0, 1], y: [1, 2], name: 'a' }];
  const { data, info } = await sharp(Buffer.from(plotSvg(traces, { title: 'T' })))
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.equal(info.channels, 4);
  const clear = data.filter((_, i) => i % 4 === 3).filter((alpha) => alpha === 0).length;
  assert.ok(clear > 0.9 * info.width * info.height, `${clear} pixels are clear`);
  const { layout } = live(traces);
  assert.deepEqual([layout.paper_bgcolor, layout.plot_bgcolor], ['rgba(0,0,0,0)', 'rgba(0,0,0,0)']);
});

test('one series has one colour and one marker in every panel, whatever bands lie below', () => {
  const intervals = [1, 2].map((mean) => ({ mean, halfWidth: 0.5 }));
  const of = (name: string, panel: number) => banded([1, 2], intervals, { name, panel, colour: '#123456' });
  const plain: Trace[] = [1, 2].map((panel) => ({ x: [1], y: [1], name: 'c', xaxis: `x${panel}`, yaxis: `y${panel}` }));
  const { series } = resolveFigure(
    [...of('a', 1), ...of('b', 1), plain[0]!, ...of('a', 2), ...of('b', 2), plain[1]!],
    {},
  );
  const looks = (name: string) =>
    series.filter(({ trace }) => trace.name === name).map((s) => `${s.symbol} ${s.colour}`);
  for (const name of ['a', 'b', 'c']) assert.equal(new Set(looks(name)).size, 1, name);
  assert.equal(new Set(['a', 'b', 'c'].map((name) => looks(name)[0]!.split(' ')[0])).size, 3);
});

test('heat panels beside one another are of equal size, also where one has the colour bar', () => {
  const heat = (panel: string, showscale: boolean): Trace => ({
    ...{ type: 'heatmap', z: [[1, 2]], showscale, xaxis: `x${panel}`, yaxis: `y${panel}`, colorbar: { title: 'dB' } },
  });
  const { panels } = resolveFigure([heat('', false), heat('2', true)], { grid: { rows: 1, columns: 2 } });
  const [a, b] = panels.map(({ box }) => [box.width, box.height, box.top]);
  assert.deepEqual(a, b);
});

test('banded: a band ends where values end', () => {
  const [band] = banded([1], [{ mean: 0.9, halfWidth: 0.3 }], { within: [0, 1] });
  assert.deepEqual(band!.y, [0.6000000000000001, 1]);
});

test('plotSvg: a cell of a heat map without a value has no colour, so that a dark page shows through', async () => {
  const traces: Trace[] = [
    {
      type: 'heatmap',
      z: [
        [1, Number.NaN],
        [2, 3],
      ],
      colorscale: 'RdBu',
    },
  ];
  const [panel] = resolveFigure(traces, {}).panels;
  const { data, info } = await sharp(Buffer.from(plotSvg(traces)))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const alpha = (x: number, y: number) =>
    data[4 * (Math.round(panel!.atY(y)) * info.width + Math.round(panel!.atX(x))) + 3];
  assert.deepEqual([info.channels, alpha(1, 0), alpha(0, 0), alpha(1, 1)], [4, 0, 255, 255]);
});

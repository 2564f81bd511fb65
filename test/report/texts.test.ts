import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alike, counted } from '../../src/core/units.js';
import { resolveFigure } from '../../src/report/chart/figure.js';
import { measure } from '../../src/report/chart/labels.js';
import { plotlyFigure } from '../../src/report/chart/live-chart.js';
import type { Layout, Trace } from '../../src/report/chart/types.js';
import { typeface, wrapText } from '../../src/report/lettering.js';
import { photographGrid } from '../../src/report/photographs.js';
import { plotSvg } from '../../src/report/plot.js';

const LONG =
  'What a server can still rebuild of pictures whose update was rounded to three bits, by attack and network';
const WORD = 'Donaudampfschifffahrtsgesellschaftskapitaenswitwenrentenauszahlungsstelle'.repeat(2);
const wide = measure();

/** Every text of a chart with its size, and where it starts and ends on the line where that is level. */
const texts = (traces: Trace[], layout: Layout) =>
  [...plotSvg(traces, layout).matchAll(/<text ([^>]*)>([^<]*)<\/text>/g)].map(([, attributes, text]) => ({
    text: text!,
    x: Number(/\bx="([\d.-]+)"/.exec(attributes!)?.[1]),
    size: Number(/font-size="([\d.]+)"/.exec(attributes!)?.[1] ?? 12),
    anchor: /text-anchor="(\w+)"/.exec(attributes!)?.[1] ?? 'start',
  }));

test('alike: numbers beside one another have one form, plain where all can be read so', () => {
  assert.deepEqual(alike([3e-4, 1e-3, 0.1, 0, -3, 120_000]), ['0.0003', '0.001', '0.1', '0', '-3', '120000']);
  assert.deepEqual(alike([1e-7, 2.5e-6, 1e-3, 0]), ['1e-7', '2.5e-6', '1e-3', '0']);
  assert.deepEqual(alike([1e6, 2.5e21, 5]), ['1e6', '2.5e21', '5e0']);
  assert.deepEqual(alike([]), []);
});

test('counted: one thing, several things, another plural', () => {
  assert.deepEqual(
    [counted(1, 'image'), counted(0, 'image'), counted(24, 'image'), counted(2, 'batch', 'batches')],
    ['1 image', '0 images', '24 images', '2 batches'],
  );
});

test('wrapText: breaks at spaces, ends the last line it may use with an ellipsis, never breaks a word', () => {
  const face = typeface('regular');
  const all = wrapText(face, LONG, 300);
  assert.equal(all.join(' '), LONG);
  const two = wrapText(face, LONG, 300, 2);
  assert.equal(two.length, 2);
  assert.equal(two[0], all[0]);
  assert.match(two[1]!, /…$/);
  assert.match(wrapText(face, WORD, 200)[0]!, /^Donau.*…$/);
});

test('charts: titles break at spaces, longer names end with an ellipsis, nothing leaves the picture', () => {
  const layout: Layout = {
    width: 420,
    height: 400,
    title: LONG,
    xaxis: { title: `${LONG} ${LONG}` },
    yaxis: { title: `${LONG} ${LONG}` },
  };
  const traces: Trace[] = [
    { x: ['a', WORD], y: [1, 2], name: LONG },
    { x: ['a', WORD], y: [2, 1], name: 'b' },
  ];
  const { title, legend, panels } = resolveFigure(traces, layout);
  assert.ok(title.length > 1 && title.length <= 3);
  assert.ok(LONG.startsWith(title[0]!));
  assert.match(legend[0]!.name, /…$/);
  assert.match(panels[0]!.titles.x, /…$/);
  assert.match(panels[0]!.titles.y, /…$/);
  for (const { text, x, size, anchor } of texts(traces, layout)) {
    if (Number.isNaN(x)) continue;
    const length = wide(text, size);
    const from = x - (anchor === 'middle' ? length / 2 : anchor === 'end' ? length : 0);
    assert.ok(from >= -1 && from + length <= 421, `"${text}" stands from ${from} to ${from + length}`);
    assert.ok(size >= 12, `"${text}" is ${size} pixels high`);
  }
  const live = plotlyFigure(resolveFigure(traces, layout)) as { data: { name: string }[]; layout: Layout };
  assert.equal(live.data[0]!.name, legend[0]!.name);
  assert.deepEqual((live.layout.title as { text: string }).text, title.join('<br>'));
  assert.equal((live.layout.xaxis!.title as { text: string }).text, panels[0]!.titles.x);
  assert.match(live.layout.xaxis!.ticktext![1]!, /…$/);
});

test('charts: a legend and the panels stand below all lines of a title', () => {
  const traces = ['a', 'b'].map((name): Trace => ({ name, x: [1], y: [1] }));
  const [short, long] = ['T', LONG].map((title) => resolveFigure(traces, { title, width: 420 }));
  assert.equal(long!.legendTop - short!.legendTop, 20 * (long!.title.length - 1));
  assert.ok(long!.panels[0]!.box.top > short!.panels[0]!.box.top);
});

test('photographGrid: words are never broken inside; more than eight stand in rows of equal length', () => {
  const photographs = { shape: [18, 64, 64, 3], data: new Float32Array(18 * 64 * 64 * 3) };
  const html = photographGrid([photographs], {
    names: ['private'],
    captions: [Array.from({ length: 18 }, (_, i) => `photographer ${i}`)],
    columns: 18,
    zoom: [1],
    png: () => new Uint8Array(),
  });
  assert.equal(html.match(/<table/g)!.length, 3);
  assert.equal(html.match(/<col span="6">/g)!.length, 3);
  assert.equal(html.match(/text-overflow:ellipsis/g)!.length, 18);
  assert.ok(!/overflow-wrap:(?:break-word|anywhere)|word-break:break/.test(html));
});

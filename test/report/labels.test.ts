import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniformStream } from '../../src/core/random.js';
import { resolveFigure } from '../../src/report/chart/figure.js';
import { measure, overlap, type PlacedLabel } from '../../src/report/chart/labels.js';
import { plotlyFigure } from '../../src/report/chart/live-chart.js';
import { pointLabels } from '../../src/report/chart/marks.js';
import type { Box, Layout, Trace } from '../../src/report/chart/types.js';
import { plotSvg } from '../../src/report/plot.js';

const WORDS = ['none', 'nf4', 'topk:0.99+noise:-10', 'ж', 'a rather long name of an obfuscation', '8'];

const labelled = (x: number[], y: number[], size = 10): Trace => ({
  ...{ x, y, mode: 'markers+text', text: x.map((_, i) => WORDS[i % WORDS.length]!) },
  marker: { size: x.map((_, i) => size + (i % 3) * 4) },
});

const placedIn = (traces: Trace[], layout: Layout = {}): { labels: PlacedLabel[]; box: Box } => {
  const panel = resolveFigure(traces, layout).panels[0]!;
  return { labels: pointLabels(panel.series, panel), box: panel.box };
};

const touching = (boxes: readonly Box[]): number =>
  boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => overlap(a, b))).length;

test('texts of points never overlap nor leave the panel: data spread, crowded, equal, at the edges', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const draw = uniformStream(seed);
    const count = 1 + Math.floor(60 * draw());
    const spread = [1, 0.1, 0][seed % 3]!;
    const values = () => Array.from({ length: count }, () => 5 + spread * draw());
    const { labels, box } = placedIn([labelled(values(), values()), labelled(values(), values(), 4)]);
    const boxes = labels.map((label) => label.box);
    assert.equal(touching(boxes), 0, `seed ${seed}`);
    assert.ok(labels.length > 0 && labels.length <= 2 * count);
    for (const { left, top, width, height } of boxes)
      assert.ok(
        left >= box.left &&
          top >= box.top &&
          left + width <= box.left + box.width &&
          top + height <= box.top + box.height,
        `seed ${seed}`,
      );
  }
});

test('a text stands where it was wished when nothing is in the way, and beside other marks where there is room', () => {
  const { labels } = placedIn([labelled([1, 2, 3], [1, 1.5, 2])]);
  const [, middle] = labels;
  assert.ok(middle!.box.top + middle!.box.height < middle!.wish.y);
  assert.equal(middle!.box.left + middle!.box.width / 2, middle!.wish.x);
  const near = placedIn([labelled([1, 1.05, 1.1, 3], [1, 1.02, 1, 3])]).labels;
  assert.equal(near.length, 4);
  for (const { box } of near)
    for (const { wish } of near)
      assert.ok(!overlap(box, { left: wish.x - 3, top: wish.y - 3, width: 6, height: 6 }), wish.text);
});

test('the live chart says the same texts at the same places, as annotations that move with their points', () => {
  for (const type of ['linear', 'log'] as const) {
    const traces = [labelled([1, 10, 100], [1, 10, 100])];
    const layout: Layout = { xaxis: { type }, yaxis: { type } };
    const { labels } = placedIn(traces, layout);
    const live = plotlyFigure(resolveFigure(traces, layout)) as {
      data: { mode: string }[];
      layout: { annotations: Record<string, number | string>[] };
    };
    assert.equal(live.data[0]!.mode, 'markers');
    const told = live.layout.annotations;
    assert.deepEqual(
      told.map(({ text }) => text),
      labels.map(({ wish }) => wish.text),
    );
    for (const [i, { wish, box }] of labels.entries()) {
      const value = [1, 10, 100][i]!;
      assert.ok(Math.abs(Number(told[i]!.x) - (type === 'log' ? Math.log10(value) : value)) < 1e-9);
      assert.ok(Math.abs(Number(told[i]!.ax) - (box.left + box.width / 2 - wish.x)) < 1e-9);
    }
  }
});

test('ticks: no name touches the next, level, slanted or left out; panels beside one another slant alike', () => {
  const wide = measure();
  for (const count of [2, 5, 8, 20, 90])
    for (const words of [WORDS, ['a', 'b', 'c']]) {
      const x = Array.from({ length: count }, (_, i) => `${words[i % words.length]} ${i}`);
      const [panel] = resolveFigure([{ x, y: x.map((_, i) => i) }], {}).panels;
      const { ticks } = panel!.x;
      for (const [i, { at, label }] of ticks.entries()) {
        const next = ticks[i + 1];
        if (!next) continue;
        const apart = panel!.atX(next.at) - panel!.atX(at);
        const needed = panel!.slanted ? 24 : (wide(label, 12) + wide(next.label, 12)) / 2;
        assert.ok(apart >= needed, `${count}: ${label}`);
      }
    }
  const columns = ['no clip', '8', '3', '1', 'ternary'];
  const traces = [1, 10, 1000].map((scale, k) => ({
    ...{ x: columns, y: columns.map((_, i) => scale * i) },
    ...(k > 0 && { xaxis: `x${k + 1}`, yaxis: `y${k + 1}` }),
  }));
  const { panels } = resolveFigure(traces, { width: 960, grid: { rows: 1, columns: 3 } });
  assert.deepEqual(
    panels.map(({ slanted }) => slanted),
    [false, false, false],
  );
});

test('a line breaks at a missing value, or leads over it where the series says so', () => {
  const pieces = (connectgaps: boolean): number =>
    /<path d="([^"]*)" fill="none" stroke="#0072b2"/
      .exec(plotSvg([{ x: [1, 2, 3, 4, 5], y: [1, 2, null, 3, 4], mode: 'lines', connectgaps }]))![1]!
      .split('M').length - 1;
  assert.deepEqual([pieces(false), pieces(true)], [2, 1]);
});

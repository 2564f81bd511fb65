import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { diagramSvg } from '../../src/report/diagram/index.js';
import { layOut } from '../../src/report/diagram/lay-out.js';
import { runsOf } from '../../src/report/diagram/subscripts.js';
import type { DiagramArrow, DiagramNode } from '../../src/report/diagram/types.js';

const nodes: DiagramNode[] = [
  { id: 'a', at: [0, 0], title: 'client', lines: ['images x_1'], kind: 'private' },
  { id: 'b', at: [0, 1], title: 'another client' },
  { id: 's', at: [1, 0.5], title: 'server', lines: ['w_0', 'φ(Δ_k)'] },
];
const arrows: DiagramArrow[] = [
  { from: 'a', to: 's', label: 'Δ_1' },
  { from: 's', to: 'a', label: 'w_{t+1}', dashed: true },
  { from: 'b', to: 's' },
  { from: 'a', to: 'b', label: 'never' },
];

test('runsOf: what follows _ or ^ stands below or above, braces hold several letters', () => {
  assert.deepEqual(runsOf('w_{t+1} = x^2, φ_q'), [
    { text: 'w', shift: 'line' },
    { text: 't+1', shift: 'below' },
    { text: ' = x', shift: 'line' },
    { text: '2', shift: 'above' },
    { text: ', φ', shift: 'line' },
    { text: 'q', shift: 'below' },
  ]);
  assert.deepEqual(runsOf(''), []);
  assert.deepEqual(runsOf('a _ b'), [{ text: 'a _ b', shift: 'line' }]);
});

test('diagram: boxes are apart and inside, arrows go from border to border, opposite ones side by side', () => {
  const { width, height, nodes: placed, arrows: drawn } = layOut(nodes, arrows, { title: 'A round' });
  for (const { box, node } of placed) {
    assert.ok(box.left >= 0 && box.top >= 0 && box.left + box.width <= width && box.top + box.height <= height);
    for (const { box: other, node: its } of placed)
      if (its.id > node.id)
        assert.ok(
          box.left + box.width < other.left || box.top + box.height < other.top || other.top + other.height < box.top,
        );
  }
  const outside = (id: string, { x, y }: { x: number; y: number }): boolean => {
    const { left, top, width: w, height: h } = placed.find(({ node }) => node.id === id)!.box;
    const off = Math.max(left - x, x - left - w, top - y, y - top - h);
    return off > 0 && off < 4;
  };
  for (const { arrow, start, end } of drawn) {
    assert.ok(outside(arrow.from, start), `${arrow.from} to ${arrow.to} starts at its box`);
    assert.ok(outside(arrow.to, end), `${arrow.from} to ${arrow.to} ends at its box`);
  }
  const [there, back] = drawn;
  assert.ok(Math.hypot(there!.start.x - back!.end.x, there!.start.y - back!.end.y) > 10);
});

test('diagramSvg: subscripts are lowered and the line comes back; markup in a text stays text', async () => {
  const svg = diagramSvg([{ id: 'x', at: [0, 0], title: 'w_0 <b>&' }, ...nodes], arrows.slice(0, 1));
  assert.match(
    svg,
    /<tspan>w<\/tspan><tspan dy="3\.38" font-size="9\.72">0<\/tspan><tspan dy="-3\.3[78]"> &#60;b&#62;&#38;/,
  );
  const { data, info } = await sharp(Buffer.from(svg)).raw().toBuffer({ resolveWithObject: true });
  assert.equal(data[info.channels - 1], 0, 'no ground of its own');
});

test('diagram: two boxes of one id, an arrow to none, no boxes and unknown options are one line', () => {
  assert.throws(() => diagramSvg([nodes[0]!, nodes[0]!], []), /diagram: each box needs an id of its own, got "a"/);
  assert.throws(() => diagramSvg(nodes, [{ from: 'a', to: 'ss' }]), /there is none, got "ss"; did you mean s\?/);
  assert.throws(() => diagramSvg([], []), /diagram: give a list of boxes, one at least/);
  assert.throws(() => diagramSvg(nodes, [], { gab: 3 } as never), /unknown option "gab"; did you mean "gap"/);
});

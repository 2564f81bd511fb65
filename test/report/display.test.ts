import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../../src/core/types.js';
import {
  display,
  displaySlot,
  imageGrid,
  keepBursts,
  note,
  plot,
  profile,
  progress,
  table,
  tableText,
} from '../../src/report/index.js';

interface Written {
  data: Record<string, string>;
  metadata: Record<string, unknown>;
  transient: { display_id: string };
  update: boolean;
}

const host = globalThis as { __tslab__?: unknown };
let written: Written[] = [];
let server: { iopub: { sendTimeout: number }; publishStatus: (status: string) => string };

beforeEach(() => {
  written = [];
  class ZmqServer {
    iopub = { sendTimeout: -1 };
    publishStatus(status: string) {
      return `published ${status}`;
    }
  }
  server = new ZmqServer();
  const exports = {
    ZmqServer,
    lastWriteDisplayData: (message: Written, update: boolean) =>
      written.push(JSON.parse(JSON.stringify({ ...message, update }))),
  };
  host.__tslab__ = { require: { cache: { '/x/node_modules/tslab/dist/jupyter.js': { exports } } } };
});
afterEach(() => {
  delete host.__tslab__;
});

test('display: one output with every form, bytes as base64', () => {
  display({ 'text/plain': 'p', 'image/png': Uint8Array.of(1, 2, 3) }, { metadata: { 'image/png': { width: 3 } } });
  assert.deepEqual(written[0]!.data, { 'text/plain': 'p', 'image/png': 'AQID' });
  assert.deepEqual(written[0]!.metadata, { 'image/png': { width: 3 } });
});

test('display, displaySlot: in Deno’s kernel through its broadcast; where that throws, to the console', () => {
  delete host.__tslab__;
  const sent: unknown[] = [];
  const jupyter = { broadcast: async (type: string, content: object) => void sent.push([type, content]) };
  const own = globalThis as { Deno?: object };
  const printed: string[] = [];
  const { write } = process.stdout;
  try {
    own.Deno = { jupyter };
    const slot = displaySlot();
    slot({ 'text/plain': 'a', 'image/png': Uint8Array.of(1, 2, 3) });
    slot({ 'text/plain': 'b' });
    own.Deno = {
      get jupyter() {
        throw new Error('only in the kernel');
      },
    };
    process.stdout.write = ((text: string) => printed.push(text)) as never;
    display({ 'text/plain': 'c' });
  } finally {
    process.stdout.write = write;
    delete own.Deno;
  }
  const [[first, { data, transient }], [second, update]] = sent as [string, Written][] as [
    [string, Written],
    [string, Written],
  ];
  assert.deepEqual([first, data], ['display_data', { 'text/plain': 'a', 'image/png': 'AQID' }]);
  assert.deepEqual([second, update.data, update.transient], ['update_display_data', { 'text/plain': 'b' }, transient]);
  assert.deepEqual(printed, ['c\n']);
});

test('displaySlot: later calls update the first output', () => {
  const slot = displaySlot();
  for (const text of ['a', 'b', 'c']) slot({ 'text/plain': text });
  assert.deepEqual(
    written.map(({ update }) => update),
    [false, true, true],
  );
  assert.equal(new Set(written.map(({ transient }) => transient.display_id)).size, 1);
});

test('keepBursts: the socket sends at once from the next status on, and is wrapped once', () => {
  keepBursts();
  const wrapped = Object.getPrototypeOf(server).publishStatus;
  keepBursts();
  assert.equal(Object.getPrototypeOf(server).publishStatus, wrapped);
  assert.equal(server.publishStatus('idle'), 'published idle');
  assert.equal(server.iopub.sendTimeout, 0);
});

test('imageGrid: photographs as HTML with JPEGs, small images as one PNG', () => {
  for (const width of [64, 63])
    imageGrid([{ shape: [9, width, width, 1], data: new Float32Array(9 * width * width) }], { rows: ['private'] });
  const [large, small] = written.map(({ data }) => data);
  assert.deepEqual(Object.keys(large!), ['text/plain', 'text/html']);
  assert.equal(large!['text/html']!.match(/data:image\/jpeg/g)!.length, 8);
  assert.match(large!['text/html']!, /and 1 more/);
  assert.deepEqual(Object.keys(small!), ['text/plain', 'image/png']);
});

test('imageGrid, plot, table, note: each is one output with a text form', () => {
  imageGrid([{ shape: [1, 2, 2, 3], data: new Float32Array(12) }], { rows: ['private'] });
  plot([{ x: [1, 2], y: [3, 5], name: 'a' }], { title: 'T' });
  table([{ a: 1 }]);
  note('**n**');
  assert.deepEqual(
    written.map(({ data }) => Object.keys(data).sort()),
    [
      ['image/png', 'text/plain'],
      ['application/vnd.plotly.v1+json', 'text/html', 'text/plain'],
      ['text/html', 'text/plain'],
      ['text/markdown', 'text/plain'],
    ],
  );
  assert.equal(written[0]!.data['text/plain'], '[images] private: 1 of 2x2');
  assert.equal(written[1]!.data['text/plain'], '[plot] T\n  a: 2 values, 3 to 5');
  assert.equal(typeof written[1]!.data['application/vnd.plotly.v1+json'], 'object');
});

const event = (closure: number, total = 50): Progress => ({
  closure,
  total,
  objective: 1 / closure,
  seconds: closure,
  secondsLeft: total - closure,
  images: () => ({
    shape: [4, 32, 32, 3],
    data: new Float32Array(4 * 32 * 32 * 3).map((_, i) => ((i * 31) % 97) / 97),
  }),
});

test('progress: one slot, throttled, the last state always, small', async () => {
  const report = progress('3-bit <b>', { interval: 500 });
  for (let i = 1; i <= 50; i++) report(event(i));
  assert.equal(written.length, 2, 'the first and the last of a burst');
  const last = written.at(-1)!;
  assert.equal(last.data['text/plain'], '3-bit <b>: 50/50 closures, objective 0.02, 50 s');
  assert.ok(last.update && last.data['text/html']!.includes('3-bit &#60;b&#62;'));
  assert.ok(last.data['text/html']!.length < 20_000, String(last.data['text/html']!.length));
});

test('progress: when the events stop early the last one is shown after the interval', async () => {
  const report = progress('cancelled', { interval: 20, images: false });
  for (let i = 1; i <= 7; i++) report(event(i));
  await sleep(60);
  assert.match(written.at(-1)!.data['text/plain']!, /7\/50 closures, objective 0\.143, 7\.0 s, 43 s left/);
  assert.ok(!written.at(-1)!.data['text/html']!.includes('current pictures'));
});

test('progress: refuses unknown options and hasty intervals', () => {
  assert.throws(() => progress('x', { intervall: 3 } as never), /unknown option "intervall"; did you mean "interval"/);
  assert.throws(() => progress('x', { interval: 1 }), /interval must be a number from 20/);
});

const rows = [
  { phi: 'none', psnr: 26.128, bits: 32, ok: true },
  { phi: 'a<b', psnr: Number.POSITIVE_INFINITY, bits: 1, ok: false },
  { phi: 'x', psnr: Number.NaN },
];

test('tableText: numbers at the right with equal decimals, headings, missing cells', () => {
  assert.equal(
    tableText(rows, { columns: { phi: 'φ', psnr: 'PSNR (dB)', bits: 'bits' }, digits: { psnr: 2 } }),
    [
      'φ     PSNR (dB)  bits',
      '----  ---------  ----',
      'none      26.13    32',
      'a<b           ∞     1',
      'x             –',
    ].join('\n'),
  );
  assert.match(tableText([{ p: 0.00001 }, { p: 0.0002 }]), /1\.000e−?-?5/);
  assert.equal(tableText([]), '\n');
  assert.match(tableText([{ a: 1 }], { note: 'a is one' }), /\n1\na is one$/);
});

test('table: HTML is escaped and styled inline; an arquero table is read', async () => {
  table(rows);
  assert.ok(
    written[0]!.data['text/html']!.includes('a&#60;b') && !/<style|class=/.test(written[0]!.data['text/html']!),
  );
  const { table: columns } = await import('arquero');
  assert.equal(tableText(columns({ a: [1, 2], b: ['x', 'y'] })), 'a  b\n-  -\n1  x\n2  y');
});

test('table: messages name the column and the shape of rows', () => {
  assert.throws(() => table(rows, { columns: ['psrn'] }), /no row has a column "psrn"; did you mean "psnr"/);
  assert.throws(() => table(3 as never), /rows must be a list of objects or an arquero table, got 3/);
});

test('profile: quick unless ROGLAB_PROFILE says paper; other words are refused', () => {
  const before = process.env.ROGLAB_PROFILE;
  try {
    delete process.env.ROGLAB_PROFILE;
    assert.equal(profile({ quick: 1, paper: 2 }), 1);
    process.env.ROGLAB_PROFILE = 'paper';
    assert.equal(profile({ quick: 1, paper: 2 }), 2);
    process.env.ROGLAB_PROFILE = 'papr';
    assert.throws(
      () => profile({ quick: 1, paper: 2 }),
      /ROGLAB_PROFILE must be one of quick, paper, got "papr"; did you mean "paper"/,
    );
  } finally {
    if (before === undefined) delete process.env.ROGLAB_PROFILE;
    else process.env.ROGLAB_PROFILE = before;
  }
});

test('progress: several attacks in one slot, each under its title', () => {
  const [a, b] = progress(['first', 'second'], { interval: 500, scores: ({ shape }) => `${shape[0]} pictures known` });
  a!(event(50));
  assert.equal(
    written.at(-1)!.data['text/plain'],
    'first: 50/50 closures, objective 0.02, 4 pictures known, 50 s\nsecond: waiting',
  );
  b!({ ...event(7), ended: 'stopped' });
  assert.match(
    written.at(-1)!.data['text/plain']!,
    /\nsecond: stopped after 7 of 50 closures, objective 0\.143, 4 pictures known, 7\.0 s$/,
  );
  assert.ok(written.at(-1)!.update);
});

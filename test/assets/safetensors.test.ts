import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { halfToFloat } from '../../src/assets/half.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  loadSafetensors,
  saveSafetensors,
} from '../../src/assets/safetensors.js';
import { temporaryFolder } from './temporary.js';

const tensors = [
  { name: 'conv/kernel', shape: [2, 3], data: Float32Array.of(1, -0, Number.NaN, Infinity, 1e-45, 3.4e38) },
  { name: '7', shape: [], data: Float32Array.of(0.1) },
  { name: 'empty', shape: [0, 4], data: new Float32Array(0) },
  { name: '__proto__x', shape: [1], data: Float32Array.of(2) },
];

/** The bytes of a file with any header. */
function file(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

test('safetensors: names, order, shapes, bits and metadata survive', async () => {
  const path = join(temporaryFolder(), 'x.safetensors');
  await saveSafetensors(path, tensors, { note: 'ä' });
  const back = await loadSafetensors(path);
  assert.deepEqual(back, { tensors, metadata: { note: 'ä' } });
  assert.ok(Object.is(back.tensors[0]!.data[1], -0));
});

test('encodeSafetensors writes the documented layout', () => {
  const bytes = encodeSafetensors([{ name: 'a', shape: [2], data: Float32Array.of(1, 2) }]);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assert.equal(length % 8, 0);
  const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString());
  assert.deepEqual(header.a, { dtype: 'F32', shape: [2], data_offsets: [0, 8] });
  assert.deepEqual([...bytes.subarray(8 + length)], [0, 0, 128, 63, 0, 0, 0, 64]);
});

test('decodeSafetensors reads F16, BF16 and F64', () => {
  // IEEE 754: 1, -2, the largest half 65504, the smallest subnormal 2^-24, infinity
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00);
  const brain = Uint16Array.of(0x3f80, 0xc000); // the upper halves of 1 and -2 in float32
  const double = Float64Array.of(0.1);
  const data = Buffer.concat([double, halves, brain].map(({ buffer }) => Buffer.from(buffer)));
  const header = {
    d: { dtype: 'F64', shape: [1], data_offsets: [0, 8] },
    h: { dtype: 'F16', shape: [5], data_offsets: [8, 18] },
    b: { dtype: 'BF16', shape: [2], data_offsets: [18, 22] },
  };
  const values = decodeSafetensors(file(header, data)).tensors.map((tensor) => [...tensor.data]);
  assert.deepEqual(values, [[Math.fround(0.1)], [1, -2, 65504, 2 ** -24, Infinity], [1, -2]]);
});

test('decodeSafetensors reads whole numbers of every width, as PyTorch keeps counters and masks', () => {
  const parts = [
    ['I64', BigInt64Array.of(-3n)],
    ['U64', BigUint64Array.of(12n)],
    ['I32', Int32Array.of(-70_000)],
    ['U32', Uint32Array.of(3_000_000_000)],
    ['I16', Int16Array.of(-300)],
    ['U16', Uint16Array.of(60_000)],
    ['I8', Int8Array.of(-7)],
    ['U8', Uint8Array.of(200)],
    ['BOOL', Uint8Array.of(1)],
  ] as const;
  let at = 0;
  const header = Object.fromEntries(
    parts.map(([dtype, { byteLength }]) => {
      at += byteLength;
      return [dtype, { dtype, shape: [1], data_offsets: [at - byteLength, at] }];
    }),
  );
  const data = Buffer.concat(parts.map(([, { buffer }]) => Buffer.from(buffer)));
  const values = decodeSafetensors(file(header, data)).tensors.map((tensor) => [...tensor.data][0]);
  assert.deepEqual(values, [-3, 12, -70_000, 3_000_000_000, -300, 60_000, -7, 200, 1]);
});

test('encodeSafetensors refuses two arrays of one name and wrong lengths', () => {
  const a = { name: 'a', shape: [1], data: Float32Array.of(1) };
  assert.throws(() => encodeSafetensors([a, a]), /every array needs its own name, got "a"/);
  assert.throws(() => encodeSafetensors([{ ...a, shape: [2] }]), /a of shape \[2\] needs 2 values, got 1/);
});

test('decodeSafetensors refuses every truncation of a file', () => {
  const bytes = encodeSafetensors(tensors);
  for (let length = 0; length < bytes.length; length++)
    assert.throws(() => decodeSafetensors(bytes.subarray(0, length)), { name: 'RoglabError' });
  assert.throws(
    () => decodeSafetensors(Buffer.concat([bytes, Buffer.of(0)])),
    /announces \d+ bytes.*truncated or corrupt/,
  );
});

test('decodeSafetensors refuses hostile headers, each with its reason', () => {
  const four = new Uint8Array(4);
  const a = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  const hostile: [Uint8Array, RegExp][] = [
    [Buffer.from('<html>not found'), /a header of \d+ bytes does not fit/],
    [file('not json'), /the header must be a JSON object; this is no safetensors file/],
    [file('[]'), /the header must be a JSON object/],
    [file({ a: null }, four), /a must be one of F32, F16, BF16, F64, got undefined|a must be one of F32/],
    [
      file({ a: { ...a, dtype: 'F8_E4M3' } }, four),
      /a must be one of F32, .*, got "F8_E4M3"; numbers of 4 and 8 bits have scales/,
    ],
    [file({ a: { ...a, dtype: 'I64' } }, four), /a of shape \[1\] needs 8 bytes, got 4/],
    [file({ a: { ...a, dtype: 'constructor' } }, four), /a must be one of F32/],
    [file({ a: { ...a, shape: [-1] } }, four), /a needs a shape and two data_offsets of whole numbers/],
    [file({ a: { ...a, shape: [2 ** 40, 2 ** 40] } }, four), /a of shape .* needs .* bytes, got 4/],
    [file({ a: { ...a, data_offsets: [0, 1e15] } }, four), /a of shape \[1\] needs 4 bytes/],
    [file({ a, b: a }, four), /the bytes of b must begin at 4, got 0/],
    [file({ a: { ...a, data_offsets: [4, 8] } }, new Uint8Array(8)), /the bytes of a must begin at 0, got 4/],
  ];
  for (const [bytes, message] of hostile) assert.throws(() => decodeSafetensors(bytes), message);
});

test('loadSafetensors names the file', async () => {
  const path = join(temporaryFolder(), 'bad.safetensors');
  await assert.rejects(loadSafetensors(path), /cannot read .*bad.safetensors: ENOENT/);
  writeFileSync(path, 'garbage and more');
  await assert.rejects(loadSafetensors(path), /^RoglabError: loadSafetensors .*bad.safetensors: /);
});

test('encodeSafetensors({ half }): every half comes back; numbers between go to the nearest, ties to even', () => {
  const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((half) => ((half >> 10) & 31) !== 31);
  const all = { name: 'a', shape: [patterns.length], data: Float32Array.from(patterns, halfToFloat) };
  const bytes = encodeSafetensors([all], {}, { half: true });
  assert.deepEqual(new Uint16Array(bytes.slice(bytes.length - 2 * patterns.length).buffer), patterns);
  assert.deepEqual(decodeSafetensors(bytes).tensors, [all]);
  // 1 + k / 2048: numpy.float16 gives the same
  const between = {
    name: 'b',
    shape: [6],
    data: Float32Array.of(1 + 1 / 2048, 1 + 3 / 2048, 65519, 65520, 2e-8, 3e-8),
  };
  const [{ data }] = decodeSafetensors(encodeSafetensors([between], {}, { half: true })).tensors as [typeof between];
  assert.deepEqual([...data], [1, 1 + 1 / 512, 65504, Number.POSITIVE_INFINITY, 0, 2 ** -24]);
});

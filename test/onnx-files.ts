/** ONNX files written field by field, for tests of what no exporter writes. */

/** A field of protobuf: a number below 128, or bytes. */
export const field = (number: number, wire: number, ...bytes: number[]): Buffer =>
  Buffer.of((number << 3) | wire, ...bytes);

const varint = (n: number): number[] => {
  const bytes: number[] = [];
  for (let left = n; ; left = Math.floor(left / 128)) {
    bytes.push(left > 127 ? (left % 128) + 128 : left);
    if (left < 128) return bytes;
  }
};

export const inside = (number: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.of((number << 3) | 2, ...varint(content.length)), content]);

const text = (number: number, value: string): Buffer => inside(number, Buffer.from(value));

export const node = (
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Buffer[] = [],
): Buffer =>
  inside(
    1,
    Buffer.concat([
      ...inputs.map((name) => text(1, name)),
      ...outputs.map((name) => text(2, name)),
      text(3, `node of ${outputs[0]}`),
      text(4, op),
      ...attributes,
    ]),
  );

/** An attribute of one whole number. */
export const whole = (name: string, value: number): Buffer =>
  inside(5, Buffer.concat([text(1, name), Buffer.of(0x18, ...varint(value)), Buffer.of(0xa0, 1, 2)]));

/** An attribute of several whole numbers. */
export const ints = (name: string, values: readonly number[]): Buffer =>
  inside(5, Buffer.concat([text(1, name), ...values.map((n) => Buffer.of(0x40, ...varint(n))), Buffer.of(0xa0, 1, 7)]));

/** A stored constant of floats, or of 64-bit whole numbers. */
export function constant(name: string, shape: readonly number[], values: readonly number[], type: 1 | 7 = 1): Buffer {
  const raw = type === 1 ? Float32Array.from(values) : BigInt64Array.from(values, BigInt);
  return inside(
    5,
    Buffer.concat([
      ...shape.map((n) => Buffer.of(0x08, ...varint(n))),
      field(2, 0, type),
      text(8, name),
      inside(9, Buffer.from(raw.buffer)),
    ]),
  );
}

function port(number: 11 | 12, name: string, shape: readonly number[]): Buffer {
  const dims = Buffer.concat(shape.map((n) => inside(1, Buffer.from([0x08, ...varint(n)]))));
  const tensor = Buffer.concat([field(1, 0, 1), inside(2, dims)]);
  return inside(number, Buffer.concat([text(1, name), inside(2, inside(1, tensor))]));
}

/** An entry of a node's metadata. */
export const metadata = (key: string, value: string): Buffer =>
  inside(9, Buffer.concat([text(1, key), text(2, value)]));

/** A file whose graph takes `image` of a shape and gives `answer`. */
export const onnxFile = (parts: readonly Buffer[], image: readonly number[] = [1, 3, 8, 8]): Buffer =>
  Buffer.concat([
    Buffer.of(0x08, 8),
    inside(7, Buffer.concat([...parts, port(11, 'image', image), port(12, 'answer', [1, 4])])),
    inside(8, Buffer.concat([text(1, ''), Buffer.of(0x10, 13)])),
  ]);

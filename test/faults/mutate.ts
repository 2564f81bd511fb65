/** Damage of a file, as disks, networks and people do it: each a pure function of the bytes and a source of chance. */
type Dice = (n: number) => number;
type Damage = (bytes: Buffer, below: Dice) => Buffer;

const changed = (bytes: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
};

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
const PIECES = [
  '"',
  '\\',
  '\n',
  ',',
  '[',
  '{',
  '}',
  '0',
  '-1',
  '1e999',
  'null',
  '\0',
  '../',
  ' '.repeat(500),
  '9'.repeat(40),
];

const DAMAGES: readonly Damage[] = [
  (bytes, below) =>
    changed(bytes, (copy) => {
      copy[below(copy.length)]! ^= 1 << below(8);
    }),
  (bytes, below) =>
    changed(bytes, (copy) => {
      for (let n = 0; n <= below(8); n++) copy[below(copy.length)] = below(256);
    }),
  (bytes, below) => bytes.subarray(0, below(bytes.length)),
  (bytes, below) => {
    const at = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(64))]);
  },
  (bytes, below) => {
    const at = below(bytes.length);
    const piece = Buffer.from(Array.from({ length: 1 + below(64) }, () => below(256)));
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  },
  (bytes, below) => {
    const [from, to, length] = [below(bytes.length), below(bytes.length), 1 + below(256)];
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, from + length), bytes.subarray(to)]);
  },
  (bytes, below) =>
    changed(bytes, (copy) => {
      if (copy.length < 4) return;
      const at = below(copy.length - 3);
      const value = EXTREMES[below(EXTREMES.length)]!;
      if (below(2)) copy.writeUInt32LE(value, at);
      else copy.writeUInt32BE(value, at);
    }),
  (bytes, below) =>
    changed(bytes, (copy) => void copy.fill(below(2) ? 0 : 255, below(copy.length), below(copy.length))),
  (bytes, below) => {
    const at = below(bytes.length);
    const piece = Buffer.from(PIECES[below(PIECES.length)]!.repeat(1 + (below(4) ? 0 : below(300))));
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  },
  (bytes, below) => Buffer.concat([bytes, bytes.subarray(below(bytes.length))]),
];

/** One to three damages of a file. Never the file itself. */
export function mutated(bytes: Buffer, below: Dice): Buffer {
  for (;;) {
    let copy = bytes;
    for (let n = 0; n <= (below(3) ? 0 : below(3)); n++)
      copy = DAMAGES[below(DAMAGES.length)]!(copy.length ? copy : Buffer.of(0), below);
    if (!copy.equals(bytes)) return copy;
  }
}

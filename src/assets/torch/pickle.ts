import { problem } from '../../core/errors.js';

/** A Python class or function by name, e.g. `torch._utils._rebuild_tensor_v2`. It is never looked up or run. */
export interface Global {
  readonly global: string;
}

/** What a pickle may call, name -> what happens instead. A name that is not here is refused. */
export type Builders = Readonly<Record<string, (args: readonly unknown[]) => unknown>>;

/** A call that is kept as it stands, with the state that follows it; nothing is made of it yet. */
export interface Held {
  readonly held: string;
  readonly args: readonly unknown[];
  state: unknown;
}

export interface PickleOptions {
  readonly where: string;
  readonly builders: Builders;
  /** Names that may be mentioned but not called, e.g. the types of storages. */
  readonly mentions: readonly string[];
  /** What to do about a name that is refused; default a sentence. */
  readonly hint?: (global: string) => string | undefined;
  readonly persistent: (id: unknown) => unknown;
}

/** The value of a pickle and where its last byte is. */
export interface Unpickled {
  readonly value: unknown;
  readonly end: number;
}

/** True when the bytes end before the pickle does: more of them may help. */
export const isTruncated = (error: unknown): boolean => (error as { code?: string })?.code === 'TRUNCATED';

/**
 * Reads one pickle (protocols 2 to 5) from `bytes` at `start`: numbers, texts, bytes, lists and tuples (as arrays),
 * dicts (as Map), and calls of the given builders. Nothing else can happen: any other opcode or name is an error that
 * names it.
 * Source: the opcodes' descriptions in Python's Lib/pickletools.py.
 */
export function unpickle(bytes: Uint8Array, start: number, options: PickleOptions): Unpickled {
  const machine = newMachine(bytes, start, options);
  for (;;) {
    const at = machine.at;
    const code = machine.byte();
    if (code === STOP) return { value: machine.pop(), end: machine.at };
    const step = STEPS.get(code);
    if (!step)
      throw problem(
        options.where,
        `the pickle uses the opcode ${NAMES[code] ?? `0x${code.toString(16)}`} at byte ${at}, which is not allowed`,
        undefined,
        UNTRUSTED,
      );
    step(machine);
  }
}

const UNTRUSTED = 'only tensors and plain containers are read; a checkpoint that needs more is not trusted';
const MARK = Symbol('mark');
const STOP = 0x2e;

interface Machine {
  at: number;
  readonly memo: Map<number, unknown>;
  readonly options: PickleOptions;
  byte(): number;
  bytes(count: number): Uint8Array;
  view(count: number): DataView;
  text(count: number): string;
  line(): string;
  push(value: unknown): void;
  pop(): unknown;
  top(): unknown;
  /** What was pushed since the last mark; the mark goes too. */
  sinceMark(): unknown[];
}

function newMachine(bytes: Uint8Array, start: number, options: PickleOptions): Machine {
  const stack: unknown[] = [];
  const { where } = options;
  const empty = () => problem(where, 'the pickle takes from an empty stack', undefined, 'the file is corrupt');
  const take = (count: number): Uint8Array => {
    if (machine.at + count > bytes.length)
      throw Object.assign(
        problem(where, `the pickle needs ${count} bytes at byte ${machine.at}`, `${bytes.length - machine.at} bytes`),
        { code: 'TRUNCATED' },
      );
    machine.at += count;
    return bytes.subarray(machine.at - count, machine.at);
  };
  const machine: Machine = {
    at: start,
    memo: new Map(),
    options,
    byte: () => take(1)[0]!,
    bytes: take,
    view: (count) => {
      const part = take(count);
      return new DataView(part.buffer, part.byteOffset, count);
    },
    text: (count) => new TextDecoder().decode(take(count)),
    line: () => {
      const end = bytes.indexOf(0x0a, machine.at);
      const text = new TextDecoder().decode(take((end < 0 ? bytes.length + 1 : end + 1) - machine.at));
      return text.slice(0, -1);
    },
    push: (value) => void stack.push(value),
    pop: () => {
      if (stack.length === 0 || stack.at(-1) === MARK) throw empty();
      return stack.pop();
    },
    top: () => {
      if (stack.length === 0 || stack.at(-1) === MARK) throw empty();
      return stack.at(-1);
    },
    sinceMark: () => {
      const mark = stack.lastIndexOf(MARK);
      if (mark < 0) throw empty();
      return stack.splice(mark).slice(1);
    },
  };
  return machine;
}

const corrupt = (m: Machine, rule: string): Error =>
  problem(m.options.where, `the pickle ${rule} (byte ${m.at})`, undefined, 'the file is corrupt');

function list(m: Machine): unknown[] {
  const target = m.top();
  if (!Array.isArray(target)) throw corrupt(m, 'appends to something that is no list');
  return target;
}

function dict(m: Machine): Map<unknown, unknown> {
  const target = m.top();
  if (!(target instanceof Map)) throw corrupt(m, 'sets an item of something that is no dict');
  return target;
}

function setItems(m: Machine, items: readonly unknown[]): void {
  const target = dict(m);
  if (items.length % 2) throw corrupt(m, 'sets a key without a value');
  for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
}

function recall(m: Machine, index: number): void {
  if (!m.memo.has(index)) throw corrupt(m, `recalls memo ${index}, which was never stored`);
  m.push(m.memo.get(index));
}

function name(m: Machine, global: string): Global {
  const { builders, mentions, where, hint } = m.options;
  if (!Object.hasOwn(builders, global) && !mentions.includes(global))
    throw problem(where, `the pickle names ${global}, which is not allowed`, undefined, hint?.(global) ?? UNTRUSTED);
  return { global };
}

function reduce(m: Machine): void {
  const args = m.pop();
  const { global } = (m.pop() ?? {}) as Partial<Global>;
  const { builders, where } = m.options;
  if (typeof global !== 'string' || !Object.hasOwn(builders, global) || !Array.isArray(args))
    throw problem(where, `the pickle calls ${global ?? 'something that is no function'}, which is not allowed`);
  m.push(builders[global]!(args));
}

/** The state of an OrderedDict is an attribute such as `_metadata`: of no use here; that of a held call is kept. */
function build(m: Machine): void {
  const state = m.pop();
  const target = m.top();
  if (typeof target === 'object' && target !== null && 'held' in target) (target as Held).state = state;
  else if (!(target instanceof Map)) throw corrupt(m, 'sets the state of something that is no dict');
}

/** A length of 8 bytes. */
function longLength(m: Machine): number {
  const length = m.view(8).getBigUint64(0, true);
  if (length > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt(m, 'has a part of impossible length');
  return Number(length);
}

/** Little-endian two's complement of any length: a number, or a bigint where that would be inexact. */
function long(part: Uint8Array): number | bigint {
  const value = BigInt.asIntN(
    8 * part.length,
    part.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
  );
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function decimal(m: Machine): number | boolean {
  const text = m.line();
  if (text === '00' || text === '01') return text === '01';
  if (!/^-?\d{1,20}L?$/.test(text)) throw corrupt(m, 'has a number that is none');
  return Number(text.replace('L', ''));
}

const STEPS: ReadonlyMap<number, (m: Machine) => void> = new Map([
  [0x80, (m) => void m.bytes(1)], // PROTO
  [0x95, (m) => void m.bytes(8)], // FRAME
  [0x28, (m) => m.push(MARK)],
  [0x30, (m) => void m.pop()], // POP
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  [0x49, (m) => m.push(decimal(m))], // INT
  [0x4c, (m) => m.push(decimal(m))], // LONG
  [0x4a, (m) => m.push(m.view(4).getInt32(0, true))], // BININT
  [0x4b, (m) => m.push(m.byte())], // BININT1
  [0x4d, (m) => m.push(m.view(2).getUint16(0, true))], // BININT2
  [0x8a, (m) => m.push(long(m.bytes(m.byte())))], // LONG1
  [0x47, (m) => m.push(m.view(8).getFloat64(0, false))], // BINFLOAT
  [0x55, (m) => m.push(m.text(m.byte()))], // SHORT_BINSTRING
  [0x54, (m) => m.push(m.text(m.view(4).getUint32(0, true)))], // BINSTRING
  [0x58, (m) => m.push(m.text(m.view(4).getUint32(0, true)))], // BINUNICODE
  [0x8c, (m) => m.push(m.text(m.byte()))], // SHORT_BINUNICODE
  [0x43, (m) => m.push(m.bytes(m.byte()))], // SHORT_BINBYTES
  [0x42, (m) => m.push(m.bytes(m.view(4).getUint32(0, true)))], // BINBYTES
  [0x8e, (m) => m.push(m.bytes(longLength(m)))], // BINBYTES8
  [0x96, (m) => m.push(m.bytes(longLength(m)))], // BYTEARRAY8
  [0x5d, (m) => m.push([])], // EMPTY_LIST
  [0x29, (m) => m.push([])], // EMPTY_TUPLE
  [0x7d, (m) => m.push(new Map())], // EMPTY_DICT
  [0x74, (m) => m.push(m.sinceMark())], // TUPLE
  [0x85, (m) => m.push([m.pop()])],
  [0x86, (m) => m.push([m.pop(), m.pop()].reverse())],
  [0x87, (m) => m.push([m.pop(), m.pop(), m.pop()].reverse())],
  [0x61, (m) => append(m, [m.pop()])], // APPEND
  [0x65, (m) => append(m, m.sinceMark())], // APPENDS
  [0x73, (m) => setItems(m, [m.pop(), m.pop()].reverse())], // SETITEM
  [0x75, (m) => setItems(m, m.sinceMark())], // SETITEMS
  [0x63, (m) => m.push(name(m, `${m.line()}.${m.line()}`))], // GLOBAL
  [0x93, (m) => m.push(name(m, [m.pop(), m.pop()].reverse().join('.')))], // STACK_GLOBAL
  [0x52, reduce],
  [0x62, build],
  [0x68, (m) => recall(m, m.byte())], // BINGET
  [0x6a, (m) => recall(m, m.view(4).getUint32(0, true))], // LONG_BINGET
  [0x71, (m) => void m.memo.set(m.byte(), m.top())], // BINPUT
  [0x72, (m) => void m.memo.set(m.view(4).getUint32(0, true), m.top())], // LONG_BINPUT
  [0x94, (m) => void m.memo.set(m.memo.size, m.top())], // MEMOIZE
  [0x51, (m) => m.push(m.options.persistent(m.pop()))], // BINPERSID
] as [number, (m: Machine) => void][]);

function append(m: Machine, items: readonly unknown[]): void {
  const target = list(m);
  for (const item of items) target.push(item);
}

/** Opcodes that are refused, by the names of pickletools, for the message. */
const NAMES: Readonly<Record<number, string>> = {
  105: 'INST',
  111: 'OBJ',
  129: 'NEWOBJ',
  146: 'NEWOBJ_EX',
  80: 'PERSID',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  139: 'LONG4',
  151: 'NEXT_BUFFER',
  152: 'READONLY_BUFFER',
  100: 'DICT',
  108: 'LIST',
  143: 'EMPTY_SET',
  145: 'FROZENSET',
  83: 'STRING',
  86: 'UNICODE',
  70: 'FLOAT',
  103: 'GET',
  112: 'PUT',
  50: 'DUP',
};

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  called,
  checked,
  flag,
  flagOf,
  group,
  listOf,
  memory,
  needed,
  type OptionTable,
  real,
  schemaOf,
  text,
  whole,
  word,
  words,
} from '../../src/core/option-table.js';

interface Options {
  readonly steps: number;
  readonly rate?: number;
  readonly share?: number;
  readonly kind?: 'plain' | 'fancy';
  readonly quiet?: boolean;
  readonly path?: string;
  readonly onDone?: () => void;
  readonly images?: object;
}

const table = {
  steps: needed(whole('how many', undefined, { to: 9, fix: (n) => (n === 10 ? 'nine will do' : undefined) })),
  rate: real('how fast', 0.5, { open: true }),
  share: real('of all', undefined, { below: 1 }),
  kind: word('of what kind', ['plain', 'fancy'], 'plain'),
  quiet: flag('no words', false),
  path: text('a file', 'FILE'),
  onDone: called<() => void>('at the end'),
  images: memory<object>('pictures', 'pictures', (value) => typeof value === 'object'),
} satisfies OptionTable<Options>;

test('checked gives what was given, with the defaults and nothing else', () => {
  assert.deepEqual(checked('f', { steps: 3 }, table), { steps: 3, rate: 0.5, kind: 'plain', quiet: false });
  const given: Options = { steps: 1, rate: 2, share: 0, kind: 'fancy', quiet: true, path: 'a' };
  assert.deepEqual(checked('f', given, table), given);
  const { rate } = checked<Options, typeof table>('f', { steps: 3, rate: undefined }, table);
  assert.equal(rate, 0.5, 'undefined counts as not given');
});

const WRONG: readonly [object | null, RegExp][] = [
  [{}, /^f: steps must be an integer from 1 to 9$/],
  [{ steps: '3' }, /^f: steps must be an integer from 1 to 9, got "3"$/],
  [{ steps: 0 }, /^f: steps must be an integer from 1 to 9, got 0$/],
  [{ steps: 10 }, /^f: steps must be an integer from 1 to 9, got 10; nine will do$/],
  [{ steps: 2.5 }, /^f: steps must be an integer from 1 to 9, got 2.5$/],
  [{ steps: 3, rate: 0 }, /^f: rate must be a number above 0, got 0$/],
  [{ steps: 3, rate: Number.NaN }, /^f: rate must be a number above 0, got NaN$/],
  [{ steps: 3, share: 1 }, /^f: share must be a number of at least 0 and below 1, got 1$/],
  [{ steps: 3, share: -0.1 }, /^f: share must be a number of at least 0 and below 1, got -0.1$/],
  [{ steps: 3, kind: 'fany' }, /^f: kind must be one of plain, fancy, got "fany"; did you mean "fancy"\?$/],
  [{ steps: 3, quiet: 'no' }, /^f: quiet must be true or false, got "no"$/],
  [{ steps: 3, path: '' }, /^f: path must be text, got ""$/],
  [{ steps: 3, onDone: 5 }, /^f: onDone must be a function, got 5$/],
  [{ steps: 3, images: 5 }, /^f: images must be pictures, got 5$/],
  [{ steps: 3, rat: 1 }, /^f: unknown option "rat"; did you mean "rate"\? \(options: steps, rate, .*\)$/],
  [null, /^f: the options must be an object, got null; options: steps, rate/],
];

for (const [options, message] of WRONG)
  test(`checked refuses ${JSON.stringify(options)}`, () => {
    assert.throws(() => checked('f', options as Options, table), { message });
  });

test('what the shell writes is read as what the function takes', () => {
  assert.deepEqual([table.steps.read!('3'), table.rate.read!('1e-3'), table.kind.read!('fancy')], [3, 1e-3, 'fancy']);
  assert.deepEqual(['yes', 'true', 'no', 'false', 'maybe'].map(table.quiet.read!), [true, true, false, false, 'maybe']);
  assert.equal(table.kind.form, 'plain|fancy');
  assert.equal(table.onDone.form, undefined, 'a function cannot be written there');
  assert.equal(flagOf('checkpointSeconds'), 'checkpoint-seconds');
});

test('lists and objects of options: each entry by its rule, the schema beside it', () => {
  const nested = {
    sizes: listOf('sides', whole('a side'), [8]),
    kinds: words('of the parts', ['a', 'b']),
    noise: group('of a step', { sigma: needed(real('deviation')), quiet: flag('no word') }),
  };
  const ask = (options: object) => () => checked('f', options as never, nested as never);
  assert.deepEqual(ask({ noise: { sigma: 1 } })(), { sizes: [8], noise: { sigma: 1 } });
  assert.throws(ask({ sizes: [] }), { message: 'f: sizes must be a list of at least one, got []' });
  assert.throws(ask({ sizes: 3 }), { message: 'f: sizes must be a list of at least one, got 3' });
  assert.throws(ask({ sizes: [8, 0] }), { message: 'f: sizes must be an integer of at least 1, got 0' });
  assert.throws(ask({ kinds: 7 }), { message: 'f: kinds must be a list of at least one, got 7' });
  assert.throws(ask({ kinds: ['a', 'c'] }), /^RoglabError: f: kinds must be one of a, b, got "c"/);
  assert.throws(ask({ noise: 3 }), { message: 'f: noise must be an object, got 3; with sigma, quiet' });
  assert.throws(ask({ noise: {} }), { message: 'f noise: sigma must be a number of at least 0' });
  assert.throws(ask({ noise: { sigm: 1 } }), /^RoglabError: f noise: unknown option "sigm"; did you mean "sigma"/);
  assert.deepEqual(JSON.parse(JSON.stringify(schemaOf(nested))), {
    type: 'object',
    additionalProperties: false,
    required: [],
    properties: {
      sizes: { description: 'sides', default: [8], type: 'array', minItems: 1, items: { type: 'integer', minimum: 1 } },
      kinds: { description: 'of the parts', type: 'array', minItems: 1, items: { type: 'string', enum: ['a', 'b'] } },
      noise: {
        description: 'of a step',
        type: 'object',
        additionalProperties: false,
        required: ['sigma'],
        properties: {
          sigma: { description: 'deviation', type: 'number', minimum: 0 },
          quiet: { description: 'no word', type: 'boolean' },
        },
      },
    },
  });
});

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { AXIS_NAMES } from '../../src/sweeps/axes.js';
import { checkSize } from '../../src/sweeps/define.js';
import { defineSweep, readSweep, type SweepDefinition, sweepSchema } from '../../src/sweeps/index.js';
import type { ClientSpec } from '../../src/sweeps/types.js';
import { temporaryFolder } from '../assets/temporary.js';
import { root } from '../fixtures.js';
import { SMALL } from './small.js';

const base = { networks: 'lenet', data: 'scenes' } as const;

function cells(definition: SweepDefinition): Record<string, unknown>[] {
  const { combinations, at } = defineSweep(definition);
  return Array.from({ length: combinations }, (_, i) => at(i)).filter((cell) => cell !== undefined);
}

test('defineSweep: the product of the axes, each combination once, the first images first', () => {
  const all = cells({ ...base, phi: ['none', 'sign'], seeds: 3, images: { from: 4, to: 5 }, batch: [1, 4] });
  assert.equal(all.length, 2 * 3 * 2 * 2);
  assert.equal(new Set(all.map((cell) => JSON.stringify(cell))).size, all.length);
  assert.deepEqual(
    all.slice(0, 12).map(({ images }) => images),
    new Array(12).fill(4),
  );
  assert.deepEqual([...new Set(all.map(({ seeds }) => seeds))], [1, 2, 3]);
  assert.deepEqual(
    cells({ ...base, seeds: [7] }).map(({ seeds, images }) => [seeds, images]),
    [[7, 0]],
  );
});

test('defineSweep: zipped axes advance together, excluded combinations are left out', () => {
  const zipped = cells({
    ...base,
    phi: ['none', 'sign', 'quantize:3'],
    batch: [1, 4, 16],
    seeds: 2,
    zip: [['phi', 'batch']],
  });
  assert.equal(zipped.length, 6);
  assert.deepEqual(
    new Set(zipped.map(({ phi, batch }) => `${phi} ${batch}`)),
    new Set(['none 1', 'sign 4', 'quantize:3 16']),
  );
  const some = cells({
    ...base,
    phi: ['none', 'sign'],
    attacks: ['rog', { name: 'rog', iterations: 5 }, 'dlg'],
    exclude: [{ phi: 'sign', attacks: 'dlg' }, { attacks: { name: 'rog', iterations: 5 } }],
  });
  assert.deepEqual(
    some.map(({ phi, attacks }) => [phi, (attacks as { name: string }).name]),
    [
      ['none', 'rog'],
      ['none', 'dlg'],
      ['sign', 'rog'],
    ],
  );
  assert.equal(cells({ ...base, phi: ['none', 'sign'], exclude: [{ phi: ['none', 'sign'] }] }).length, 0);
});

const mistakes: readonly (readonly [string, object, RegExp])[] = [
  ['an unknown key', { ...base, fi: 'none' }, /defineSweep: unknown option "fi"; did you mean "phi"\?/],
  [
    'a key of an axis',
    { ...base, data: { name: 'scenes', sise: 16 } },
    /data: unknown option "sise"; did you mean "size"/,
  ],
  ['an unknown network', { ...base, networks: 'lenett' }, /lenett.*did you mean lenet\?/],
  ['an unknown attack', { ...base, attacks: 'rogg' }, /rogg.*did you mean rog/],
  ['an unknown phi', { ...base, phi: ['quantise:3'] }, /did you mean quantize/],
  ['an empty axis', { ...base, phi: [] }, /the axis phi has no values; give it one at least, or leave it out/],
  ['no images', { ...base, images: 0 }, /images must be an integer of at least 1, got 0/],
  ['an axis that is missing', { networks: 'lenet' }, /the axis data is missing/],
  ['a value twice', { ...base, phi: ['sign', 'sign '] }, /the axis phi has the same value twice, got "sign"/],
  [
    'an axis zipped twice',
    {
      ...base,
      zip: [
        ['phi', 'batch'],
        ['phi', 'seeds'],
      ],
    },
    /can be zipped once/,
  ],
  [
    'zipped axes of other lengths',
    { ...base, phi: ['none', 'sign'], batch: [1, 2, 3], zip: [['phi', 'batch']] },
    /as many/,
  ],
  ['zip of an unknown axis', { ...base, zip: [['phi', 'batches']] }, /did you mean "batch"/],
  ['exclude of an unknown axis', { ...base, exclude: [{ fi: 'none' }] }, /exclude: unknown option "fi"/],
  [
    'exclude of a value that is not there',
    { ...base, phi: ['none', 'sign'], exclude: [{ phi: 'sing' }] },
    /did you mean "sign"/,
  ],
  [
    'a side below 1',
    { ...base, data: { name: 'scenes', size: 0 } },
    /data: size must be an integer of at least 1, got 0/,
  ],
  ['a word for the split', { ...base, data: { name: 'scenes', split: 'tset' } }, /split must be .*did you mean "test"/],
  ['a rate of 0', { ...base, client: { learningRate: 0 } }, /client: learningRate must be a number above 0, got 0/],
  ['an order of no name', { ...base, client: { order: 'shuffeled' } }, /order must be .*did you mean "shuffled"/],
  ['outputs that are none', { ...base, networks: { name: 'lenet', classes: 1.5 } }, /classes must be an integer.*1\.5/],
  ['a name that is a path', { ...base, name: '../x' }, /a name has letters/],
  ['a word for a number', { ...base, batch: 'four' }, /batch must be an integer.*"four"/],
  ['an option that the run decides', { ...base, attacks: { name: 'rog', seed: 3 } }, /has no option seed/],
  [
    'a phi that is a function',
    { ...base, phi: ['none', (tensors: unknown) => tensors] },
    /^defineSweep: the cells of a sweep are data, and a value of the axis phi is a function; phi is written as a short text such as quantize:3; study\(\) and attackAll\(\) take functions/,
  ],
  [
    'a phi with a function in it',
    { ...base, phi: { name: 'own', apply: (tensors: unknown) => tensors } },
    /apply of the axis phi is a function/,
  ],
  [
    'an objective that is a function',
    { ...base, attacks: { name: 'rog', objective: () => 0 } },
    /and objective of the axis attacks is a function; attackAll\(\) and the attacks themselves take functions/,
  ],
  [
    'a function deep in the options of an attack',
    { ...base, attacks: ['dlg', { name: 'rog', prior: { terms: [{ weight: () => 1 }] } }] },
    /prior\.terms\.0\.weight of the axis attacks is a function/,
  ],
  [
    'a layer with a function',
    { ...base, networks: { name: 'own', layers: [{ kind: 'conv', filters: 2, size: 3, init: () => 0 }] } },
    /layers\.0\.init of the axis networks is a function; write it as data/,
  ],
  ['steps and epochs', { ...base, client: { localSteps: 2, epochs: 1 } }, /localSteps or epochs, not both/],
  ['a range that ends before it begins', { ...base, seeds: { from: 3, to: 2 } }, /seeds\.to must be/],
];
for (const [what, definition, message] of mistakes)
  test(`defineSweep: ${what} is refused in one line`, () => {
    assert.throws(
      () => defineSweep(definition as SweepDefinition),
      (error: Error) => message.test(error.message) && !error.message.includes('\n') && error.name === 'RoglabError',
      String(message),
    );
  });

test('a grid of more than a million cells needs a yes, and is not written out', () => {
  const huge = defineSweep({ ...base, seeds: 1_000_000, images: 1_000_000 });
  assert.equal(huge.combinations, 1e12);
  assert.deepEqual(huge.at(1e12 - 1), { ...huge.at(0), seeds: 1_000_000, images: 999_999 });
  assert.throws(() => checkSize(huge), /at most 1,000,000 cells, got 1000000000000; say --yes/);
  checkSize(huge, true);
  checkSize(defineSweep({ ...base, seeds: 1000, images: 1000 }));
});

test('readSweep: the same sweep from YAML and from JSON; mistakes begin with the name of the file', async () => {
  const folder = temporaryFolder();
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const yaml = file(
    'a.yaml',
    `name: small
networks: { name: small, layers: [{ kind: conv, filters: 2, size: 3 }, { kind: relu }, { kind: dense, units: 10 }] }
data: { name: scenes, size: 16 }
phi: [none, sign]
attacks: { name: rog, iterations: 2 }
images: 3
`,
  );
  const json = file('a.json', JSON.stringify({ $schema: 'sweep.schema.json', ...SMALL }));
  assert.deepEqual((await readSweep(yaml)).definition, (await readSweep(json)).definition);
  await assert.rejects(
    readSweep(file('b.yaml', 'networks: lenet\ndata: scenes\nimage: 3\n')),
    /b\.yaml: .*"image".*"images"/,
  );
  await assert.rejects(readSweep(file('c.yaml', 'phi: [none')), /c\.yaml: cannot be read: /);
  await assert.rejects(readSweep(file('d.json', '{')), /d\.json: cannot be read: /);
  await assert.rejects(readSweep(file('e.yaml', '')), /e\.yaml: the axis \w+ is missing/);
  await assert.rejects(
    readSweep(join(folder, 'none.yaml')),
    /none\.yaml: cannot read the sweep: there is no such file/,
  );
});

test('sweepSchema: every axis and option of a file, and nothing else', () => {
  const { properties, required, additionalProperties } = sweepSchema() as Record<string, object>;
  assert.deepEqual(
    Object.keys(properties!).sort(),
    [...AXIS_NAMES, 'name', 'exclude', 'zip', 'pictures', 'lpips'].sort(),
  );
  assert.deepEqual([...(required as string[])].sort(), ['data', 'networks']);
  assert.equal(additionalProperties, false);
});

test('the example of docs/sweeps.md is a sweep', async () => {
  const text = readFileSync(join(root, 'docs/sweeps.md'), 'utf8');
  const file = join(temporaryFolder(), 'bits.yaml');
  writeFileSync(file, /```yaml\n(.*?)```/s.exec(text)![1]!);
  const { combinations, at } = await readSweep(file);
  const cells = Array.from({ length: combinations }, (_, i) => at(i)).filter(Boolean);
  assert.equal(combinations, 2 * 3 * 2 * 20 * 2 * 2);
  assert.equal(cells.length, (combinations * 5) / 6);
});

test('sweepSchema: an editor is told the ranges by which definitions are refused', () => {
  const { properties } = JSON.parse(JSON.stringify(sweepSchema()));
  const one = (axis: string) => properties[axis].anyOf[0];
  const data = one('data').anyOf[1];
  assert.deepEqual(data.required, ['name']);
  assert.deepEqual(data.properties.size, { description: 'side of the images', type: 'integer', minimum: 1 });
  assert.deepEqual(data.properties.split.enum, ['test', 'train']);
  const { learningRate, privacy } = one('client').properties;
  assert.equal(learningRate.exclusiveMinimum, 0);
  assert.equal(privacy.properties.noise.properties.multiplier.minimum, 0);
  assert.equal(privacy.additionalProperties, false);
});

test('defineSweep: the client of an axis is checked as clientUpdate() checks it, frozen layers too', () => {
  const of = (client: object) => () => defineSweep({ networks: 'lenet', data: 'scenes', client: client as ClientSpec });
  const client = { localSteps: 2, learningRate: 0.1, frozen: ['conv0'], optimizer: { kind: 'sgd', momentum: 0.5 } };
  assert.deepEqual(of(client)().axes.client.at(0), client);
  assert.throws(
    of({ optimizer: 'adamm' }),
    /client optimizer: kind must be one of sgd, adam, adamw.*did you mean "adam"/,
  );
  assert.throws(of({ privacy: { clip: 0 } }), /privacy.clip must be a number above 0, got 0/);
  assert.throws(of({ frozen: [] }), /frozen must be a list of layers/);
  assert.throws(of({ order: [[0]] }), /order must be one of cyclic, shuffled/);
  assert.throws(of({ seed: 1 }), /client: unknown option "seed"/);
});

/** Weights of a network that was read from an ONNX file: by their names, whatever their order and layout. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { saveSafetensors } from '../../src/assets/index.js';
import { ndarray } from '../../src/core/arrays.js';
import type { Model, NamedArray } from '../../src/core/types.js';
import { tf, toTensor } from '../../src/engine/index.js';
import { forward, loadNetwork, loadWeights } from '../../src/models/index.js';
import { inEvaluation } from '../../src/models/modes.js';
import { fromTorch } from '../../src/models/torch-weights.js';
import { temporaryFolder } from '../assets/temporary.js';
import { forEachEngine } from '../engines.js';
import { root } from '../fixtures.js';

type State = readonly [name: string, shape: number[], data: string][];
interface Case {
  readonly name: string;
  readonly files: Readonly<Record<'kept' | 'dynamo', string>>;
  readonly state: State;
  readonly images: string;
  readonly answers: readonly number[];
}
const golden: { readonly networks: readonly Case[]; readonly shared: string } = JSON.parse(
  readFileSync(join(root, 'test/golden/onnx-weights.json'), 'utf8'),
);

const folder = temporaryFolder();
let count = 0;
const written = (file: string): string => {
  const path = join(folder, `${count++}.onnx`);
  writeFileSync(path, Buffer.from(file, 'base64'));
  return path;
};
const floats = (text: string): Float32Array => new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
const tensorsOf = (state: State, rename = (name: string): string => name): NamedArray[] =>
  state.map(([name, shape, data]) => ({ name: rename(name), shape, data: floats(data) }));
const named = (wanted: string): Case => golden.networks.find(({ name }) => name === wanted)!;

function answers(model: Model, images: string): Float32Array {
  return tf.tidy(() => {
    const x = toTensor(ndarray([2, 8, 8, 3], floats(images)));
    return forward(inEvaluation(model))(model.parameters.map(toTensor), x).dataSync() as Float32Array;
  });
}

function near(found: Float32Array, wanted: readonly number[]): void {
  assert.equal(found.length, wanted.length);
  found.forEach((value, i) => {
    assert.ok(Math.abs(value - wanted[i]!) < 1e-4 * (1 + Math.abs(wanted[i]!)), `${i}: ${value}, ${wanted[i]}`);
  });
}

/** Modules as they are, the weight of each after its bias. */
function moduleThenBias(stored: readonly string[]): (a: string, b: string) => number {
  const modules = [...new Set(stored.map((name) => name.split('.')[0]!))];
  const place = (name: string): number => 2 * modules.indexOf(name.split('.')[0]!) + Number(name.endsWith('weight'));
  return (a, b) => place(a) - place(b);
}

forEachEngine(
  (engine, setup) => {
    for (const { name, files, state, images, answers: wanted } of golden.networks)
      for (const [form, file] of Object.entries(files))
        test(`loadWeights: ${name}, ${form}: other weights, by their names, on ${engine}`, async () => {
          await setup();
          const model = await loadNetwork(written(file));
          const path = join(folder, 'state.safetensors');
          await saveSafetensors(path, tensorsOf(state).reverse());
          near(answers(await loadWeights(path, model), images), wanted);
          await saveSafetensors(
            path,
            tensorsOf(state, (one) => `module.net.${one}`),
          );
          near(answers(await loadWeights(path, model), images), wanted);
        });
  },
  ['compiled', 'cpu'],
);

test('loadWeights: tensors without names in the order of the modules; refused where two orders fit', async () => {
  const load = async (name: string): Promise<[Case, Model]> => {
    const one = named(name);
    return [one, await loadNetwork(written(one.files.dynamo))];
  };
  const [plain, norms] = await load('norms before their convolutions');
  const listed = tensorsOf(plain.state).map((tensor, k) => ({ ...tensor, name: `arr_${k}` }));
  near(answers({ ...norms, ...fromTorch('test', norms, listed) }, plain.images), plain.answers);
  const learned = plain.state.filter(([name]) => !/running_|num_batches/.test(name));
  assert.ok(learned.length < plain.state.length);
  const { parameters } = fromTorch('test', norms, tensorsOf(plain.state));
  assert.deepEqual(
    fromTorch(
      'test',
      norms,
      tensorsOf(learned, () => ''),
    ).parameters,
    parameters,
  );
  const [swapped, model] = await load('convolutions made in another order');
  const nameless = tensorsOf(swapped.state, () => '');
  assert.throws(() => fromTorch('test', model, nameless), /fit the network in two orders, which differ in conv/);
});

test('loadWeights: tensors without names, of a network whose file has its large weights at the end', async () => {
  const cases = [
    // biases alone keep the place of their module; modules are not made in the order of their use
    ['norms before their convolutions', (stored: readonly string[]) => stored.toSorted(moduleThenBias(stored))],
    // a whole module is moved
    ['softplus', ([w, b, ...rest]: readonly string[]) => [...rest, w!, b!]],
  ] as const;
  for (const [name, moved] of cases) {
    const { files, state, images, answers: wanted } = named(name);
    const model = await loadNetwork(written(files.dynamo));
    const file = { ...model.file!, stored: moved(model.file!.stored) };
    assert.notDeepEqual(file.stored, model.file!.stored);
    near(
      answers(
        {
          ...model,
          ...fromTorch(
            'test',
            { ...model, file },
            tensorsOf(state, () => ''),
          ),
        },
        images,
      ),
      wanted,
    );
  }
});

test('loadWeights: what a network cannot be given is said', async () => {
  const { files, state } = named('pictures standardised inside');
  const model = await loadNetwork(written(files.kept));
  const tensors = tensorsOf(state);
  const moved = tensors.map((one) => (one.name === 'mean' ? { ...one, data: one.data.map((x) => x + 0.01) } : one));
  assert.throws(() => fromTorch('test', model, moved), /mean must be as in the network's file/);
  const more = [...tensors, { name: 'head.weight', shape: [2, 2], data: new Float32Array(4) }];
  assert.throws(() => fromTorch('test', model, more), /the network's file has no head.weight; .* optimize=False/);
  const plain = named('norms before their convolutions');
  const twice = ['model', 'model_ema'].flatMap((of) => tensorsOf(plain.state, (name) => `${of}.${name}`));
  const network = await loadNetwork(written(plain.files.dynamo));
  assert.throws(() => fromTorch('test', network, twice), /hold one state, got "those of model, model_ema"/);
  const other = tensors.map((one) => (one.name === 'f.weight' ? { ...one, shape: [36, 4] } : one));
  assert.throws(() => fromTorch('test', model, other), /f.weight must have the shape \[4,36\]/);
});

test('loadNetwork: layers that share their weights are refused', async () => {
  await assert.rejects(loadNetwork(written(golden.shared)), /no two layers may have the same weights.*b.weight/);
});

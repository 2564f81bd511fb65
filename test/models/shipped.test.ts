import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { encodeSafetensors } from '../../src/assets/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { NamedArray } from '../../src/core/types.js';
import { compile, start, type Tensor, tf } from '../../src/engine/index.js';
import {
  cardText,
  shippedCard,
  shippedModel,
  shippedWeights,
  trunk,
  trunkMinimum,
  trunkStages,
} from '../../src/models/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { forEachEngine } from '../engines.js';
import { root } from '../fixtures.js';

const folder = temporaryFolder();
let count = 0;

/** A folder with trunk.safetensors and its card. */
function shelf(
  parameters: readonly NamedArray[],
  change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): string {
  const place = join(folder, String(count++));
  mkdirSync(place);
  const bytes = encodeSafetensors(parameters);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(join(place, 'trunk.json'), JSON.stringify({ bytes: bytes.length, sha256 }));
  writeFileSync(join(place, 'trunk.safetensors'), change(bytes));
  return place;
}

const { parameters } = trunk({ seed: 5 });

test('shippedModel reads what was written, whatever the order of the tensors, and reads it once', async () => {
  const place = shelf([...parameters].reverse());
  const model = await shippedModel('trunk', place);
  assert.deepEqual(model.parameters, parameters);
  assert.equal(await shippedModel('trunk', place), model);
});

const wrong: Record<string, [place: () => string, message: RegExp]> = {
  'no file': [
    () => join(folder, 'nowhere'),
    /cannot read trunk\.json in .*nowhere: ENOENT; npm run train -- trunk makes/,
  ],
  truncated: [
    () => shelf(parameters, (bytes) => bytes.subarray(0, bytes.length - 9)),
    /weights of trunk: the card announces \d+ bytes, got \d+; the file is truncated or another one/,
  ],
  'one bit changed': [
    () => shelf(parameters, (bytes) => bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte))),
    /the card announces sha256 \w{64}, got "\w{64}"; the file is damaged/,
  ],
  'a wrong name': [
    () => shelf(parameters.map((p, k) => (k === 0 ? { ...p, name: 'conv99/kernel' } : p))),
    /shippedModel trunk: the architecture has no tensor conv99\/kernel/,
  ],
  'a wrong shape': [
    () => shelf(parameters.map((p, k) => (k === 1 ? { ...p, shape: [4, 8] } : p))),
    /tensor conv0\/bias must have shape \[32\], got \[4, 8\]/,
  ],
  'a missing tensor': [
    () => shelf(parameters.slice(1)),
    /tensor conv0\/kernel must have shape \[3,3,3,32\], got "no such tensor"/,
  ],
};

for (const [what, [place, message]] of Object.entries(wrong))
  test(`shippedModel refuses ${what}`, async () => {
    await assert.rejects(shippedModel('trunk', place()), message);
  });

test('shippedCard, shippedModel: one bit of a card changed, or its checksum gone, is refused by name', async () => {
  const place = shelf(parameters);
  const file = join(place, 'trunk.json');
  const card = JSON.parse(readFileSync(file, 'utf8'));
  const text = cardText({ name: 'trunk', scores: { testAccuracy: 0.806 }, ...card });
  const readCard = () => shippedCard('trunk', place);
  const readWeights = () => shippedWeights('trunk', place);
  const readers = [readCard, readWeights];
  writeFileSync(file, text);
  assert.deepEqual(await readCard(), { name: 'trunk', scores: { testAccuracy: 0.806 }, ...card });
  assert.equal((await readWeights()).length, parameters.length);
  const bytes = Buffer.from(text);
  // every bit of every byte, but for the spaces that only lay the text out
  for (const [at, byte] of bytes.entries()) {
    if (byte === 0x20 || byte === 0x0a) continue;
    writeFileSync(
      file,
      Uint8Array.from(bytes, (b, i) => (i === at ? b ^ (1 << (at % 8)) : b)),
    );
    for (const read of readers)
      await assert.rejects(read, /(card|weights) of trunk: the card (announces|must be JSON)/);
  }
  writeFileSync(file, JSON.stringify({ name: 'trunk', ...card }));
  for (const read of readers) await assert.rejects(read, /announces undefined as the sha256 of its own text/);
});

test('shippedModel: an unknown name; a file that was repaired is read again', async () => {
  await assert.rejects(shippedModel('tager' as never), /name must be one of .*did you mean "tagger"/);
  const place = shelf(parameters, () => new Uint8Array(3));
  await assert.rejects(shippedModel('trunk', place), /truncated/);
  writeFileSync(join(place, 'trunk.safetensors'), encodeSafetensors(parameters));
  assert.equal((await shippedModel('trunk', place)).name, 'trunk');
});

const weights = join(root, 'data/weights');
const cards = existsSync(weights) ? readdirSync(weights).filter((file) => file.endsWith('.json')) : [];

test('the weights in data/weights are those of their cards and stay under 12 MB together', {
  skip: cards.length === 0 && 'no weights',
}, async () => {
  let total = 0;
  for (const file of cards) {
    const card = JSON.parse(readFileSync(join(weights, file), 'utf8'));
    const bytes = readFileSync(join(weights, `${card.name}.safetensors`));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), card.sha256);
    await shippedCard(card.name);
    for (const key of ['data', 'command', 'seed', 'minutes', 'scores', 'engine'])
      assert.ok(key in card, `${file}: ${key}`);
    if (card.name === 'tagger') assert.ok(card.scores.testAccuracy >= 0.85);
    total += bytes.length;
  }
  assert.ok(total < 12e6, `${total} bytes`);
});

forEachEngine(
  (engine, setup) => {
    test(`trunkStages: sizes, the first stage by hand, gradients through all stages (${engine})`, async () => {
      await setup();
      const model = trunk({ seed: 3 });
      const images = ndarray([2, 16, 20, 3], uniformStream(1));
      const stages = trunkStages(model);
      const step = await compile(
        (x: Tensor, ...w: Tensor[]) => {
          const energy = (y: Tensor): tf.Scalar => tf.addN(stages(w, y).map((s) => tf.sum(tf.square(s)))) as tf.Scalar;
          return [...stages(w, x), tf.grad(energy)(x)];
        },
        [images],
        { constants: model.parameters },
      );
      const results = await step.run(images);
      assert.deepEqual(
        results.map(({ shape }) => shape),
        [
          [2, 16, 20, 32],
          [2, 8, 10, 64],
          [2, 4, 5, 96],
          [2, 2, 2, 128],
          [2, 1, 1, 128],
          [2, 16, 20, 3],
        ],
      );
      const [kernel, bias] = model.parameters as [NamedArray, NamedArray];
      let sum = bias.data[7]!;
      for (let y = 0; y < 3; y++)
        for (let x = 0; x < 3; x++)
          for (let c = 0; c < 3; c++)
            sum += images.data[((4 + y) * 20 + 8 + x) * 3 + c]! * kernel.data[((y * 3 + x) * 3 + c) * 32 + 7]!;
      const got = results[0]!.data[(5 * 20 + 9) * 32 + 7]!;
      assert.ok(Math.abs(got - Math.max(0, sum)) < 1e-5, `${got}, not ${sum}`);
      assert.ok(results[5]!.data.some((g) => g !== 0) && results[5]!.data.every(Number.isFinite));
      step.dispose();
    });
  },
  ['compiled', 'wasm'],
);

test('trunkStages: the smallest picture', async () => {
  await start();
  assert.deepEqual([trunkMinimum(trunk()), trunkMinimum(trunk({}, 'trunk-loss'))], [16, 8]);
  const stages = trunkStages(trunk());
  assert.throws(
    () => stages([], tf.zeros([1, 15, 32, 3])),
    /trunk: takes images \[batch, h, w, 3\] of at least 16 x 16 pixels, got \[1, 15, 32, 3\]/,
  );
  assert.throws(() => stages([], tf.zeros([1, 32, 32, 1])), /takes images \[batch, h, w, 3\]/);
});

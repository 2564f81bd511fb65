import assert from 'node:assert/strict';
import test from 'node:test';
import { attackClosure } from '../../src/attacks/search/closure.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network, withModes } from '../../src/models/index.js';

const model = network({
  name: 'dropped',
  imageShape: [4, 4, 1],
  classes: 3,
  layers: [
    { kind: 'conv', filters: 4, size: 3 },
    { kind: 'tanh' },
    { kind: 'dropout', rate: 0.5, seed: 9 },
    { kind: 'dense', units: 6, bias: true },
    { kind: 'tanh' },
    { kind: 'dropout', rate: 0.25, seed: 9 },
    { kind: 'dense', units: 3 },
  ],
});
const labels = Int32Array.of(0, 2);
const batch = { images: ndarray([2, 4, 4, 1], uniformStream(3)), labels };
const known = withModes(model, { dropout: 'known' });
const unknown = withModes(model, { dropout: 'unknown' });

/** The objective that an attack sees at the true pictures: 0 where it simulates the client exactly. */
async function objectiveAtTruth(network: typeof model, options: object): Promise<number> {
  const observed = observe(network, await clientUpdate(network, batch, options), { labels });
  const closure = await attackClosure(observed, { objective: 'l2', prior: 'tv', weight: 0, simulate: 'steps', labels });
  return (await closure.evaluate(batch.images).finally(closure.dispose)).objective;
}

test('dropout: off is none; the attack draws a known mask again, in every step, and no unknown one', async () => {
  const [off, seen] = [await clientUpdate(model, batch), await clientUpdate(known, batch)];
  assert.notDeepEqual(off.tensors[0]!.data, seen.tensors[0]!.data);
  for (const localSteps of [1, 3, 9]) {
    assert.ok((await objectiveAtTruth(model, { localSteps })) < 1e-6, `off, ${localSteps} steps`);
    assert.ok((await objectiveAtTruth(known, { localSteps })) < 1e-6, `known, ${localSteps} steps`);
    assert.ok((await objectiveAtTruth(unknown, { localSteps })) > 1e-3, `unknown, ${localSteps} steps`);
  }
});

test('dropout: the client draws unknown masks from its own seed, anew in every step and layer', async () => {
  const by = async (seed: number, localSteps = 1) => (await clientUpdate(unknown, batch, { seed, localSteps })).tensors;
  assert.deepEqual(await by(1), await by(1));
  assert.notDeepEqual((await by(1))[0]!.data, (await by(2))[0]!.data);
  const [one, two] = [(await by(1))[0]!.data, (await by(1, 2))[0]!.data];
  const frozen = two.every((value, i) => Math.abs(value - 2 * one[i]!) < 0.05 * Math.abs(one[i]!) + 1e-6);
  assert.equal(frozen, false, 'the second step has another mask');
  // a share of about one half of the dense layer's inputs is silent, in both examples alike or not
  const { data } = (await by(1))[2]!;
  const silent = Array.from({ length: 64 }, (_, i) => data.slice(i * 6, i * 6 + 6).every((g) => g === 0)).filter(
    Boolean,
  );
  assert.ok(silent.length > 4 && silent.length < 34, `${silent.length} of 64`);
});

test('dropout masks are refused where nothing draws them', async () => {
  await assert.rejects(
    clientUpdate(known, batch, { privacy: { clip: 1, noiseMultiplier: 0 } }),
    /privacy: knows no layers that draw numbers, got "dropped"; dropout: 'off'/,
  );
});

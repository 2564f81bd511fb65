import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGREEMENT, disagreement, tooFar } from '../../src/engine/agreement.js';
import { backendDisagreement, providers, start } from '../../src/engine/index.js';
import { prepareTensorflow, setTf32 } from '../../src/engine/native.js';
import { eagerEngines, forEachEngine } from '../engines.js';

const array = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });

test('disagreement: the largest difference over the largest entry; no number is infinitely far', () => {
  assert.equal(disagreement(array(1, 2, -3.5), array(1, 2, -4)), 0.125);
  assert.equal(disagreement(array(1, 2), array(1, 2)), 0);
  assert.equal(disagreement(array(1, Number.NaN), array(1, 2)), Number.POSITIVE_INFINITY);
});

test('tooFar: TensorFloat-32 is refused with its number, float32 is not, and nothing that is no number passes', () => {
  assert.equal(tooFar(2.8e-2), `its gradient is 2.8e-2 from the processor's, at most ${AGREEMENT} is right`);
  assert.equal(tooFar(3e-6), undefined);
  assert.equal(tooFar(2.8e-2, 0.2), undefined);
  assert.match(tooFar(Number.NaN)!, /NaN/);
  assert.match(tooFar(Number.POSITIVE_INFINITY)!, /Infinity/);
});

forEachEngine(
  (name, setup) =>
    test(`backendDisagreement on ${name}: a gradient of a gradient, to float32`, async () => {
      await setup();
      const apart = await backendDisagreement();
      assert.ok(apart === undefined || (apart > 0 && apart < 5e-6), String(apart));
    }),
  eagerEngines,
);

test('providers: what is available agrees with the processor', async () => {
  for (const { available, apart } of await providers()) assert.ok(!available || apart! <= AGREEMENT, String(apart));
});

test('setTf32: off unless asked for, before anything is loaded; a worker thread can only find it as it is', () => {
  const off: NodeJS.ProcessEnv = {};
  assert.equal(setTf32(false, off, true), true);
  assert.deepEqual(off, { NVIDIA_TF32_OVERRIDE: '0' });
  assert.equal(setTf32(true, off, false), false);
  assert.equal(setTf32(false, off, false), true);
  assert.equal(setTf32(true, off, true), true);
  assert.deepEqual(off, {});
  assert.equal(setTf32(false, {}, false), false);
});

test('start({ tf32 }): true or false', async () => {
  await assert.rejects(
    async () => start({ tf32: 'no' as never }),
    /^RoglabError: start: tf32 must be true or false, got "no"$/,
  );
});

test('prepareTensorflow: keeps to errors, without oneDNN, unless somebody wants it; not from a worker thread', () => {
  const [bare, own, worker]: NodeJS.ProcessEnv[] = [{}, { TF_ENABLE_ONEDNN_OPTS: '1' }, {}];
  for (const env of [bare!, own!]) prepareTensorflow(env, true);
  prepareTensorflow(worker, false);
  assert.deepEqual(bare, { TF_CPP_MIN_LOG_LEVEL: '2', TF_ENABLE_ONEDNN_OPTS: '0' });
  assert.deepEqual(own, { TF_CPP_MIN_LOG_LEVEL: '2', TF_ENABLE_ONEDNN_OPTS: '1' });
  assert.deepEqual(worker, {});
});

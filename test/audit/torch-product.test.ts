import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { audit, checkClient } from '../../src/audit/index.js';
import type { Model, NamedArray } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import type { ClientOptions } from '../../src/federation/index.js';
import { loadNetwork, loadWeights } from '../../src/models/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { root } from '../fixtures.js';

const python = [process.env.PYTHON, 'python3', '/usr/bin/python3']
  .filter((path) => path !== undefined)
  .find((path) => spawnSync(path, ['-c', 'import torch']).status === 0);
const skip = python ? false : 'no Python with PyTorch: PYTHON=PATH names one';

interface Round {
  readonly network: string;
  readonly size: number;
  readonly optimizer: string;
  readonly labels: readonly number[];
  readonly client: ClientOptions;
}

const folder = temporaryFolder();
const file = (name: string): string => join(folder, name);

function trained(): readonly Round[] {
  if (skip) return [];
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', OMP_NUM_THREADS: '1' };
  const { status, stderr } = spawnSync(python!, [join(root, 'test/audit/torch-product.py'), folder], {
    env,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(readFileSync(file('rounds.json'), 'utf8')) as Round[];
}

const rounds = trained();
const FORMATS = ['pt', 'npz', 'safetensors'] as const;

function sameBits(mine: readonly NamedArray[] = [], yours: readonly NamedArray[] = [], what: string): void {
  assert.equal(mine.length, yours.length, what);
  mine.forEach(({ name, data }, k) => {
    assert.deepEqual(data, yours[k]!.data, `${what}: ${name}`);
  });
}

/** The weights of one moment from all formats; PyTorch's export moves the running statistics in the .onnx by a run. */
async function readAll(network: Model, stem: string): Promise<Model> {
  const graph = await loadNetwork(file(`${stem}.onnx`));
  const [first, ...others] = await Promise.all(
    FORMATS.map((format) => loadWeights(file(`${stem}.${format}`), network)),
  );
  sameBits(graph.parameters, first!.parameters, `${stem}, .onnx`);
  for (const [k, other] of others.entries()) {
    sameBits(other.parameters, first!.parameters, `${stem}, .${FORMATS[k + 1]}`);
    sameBits(other.buffers, first!.buffers, `${stem}, .${FORMATS[k + 1]}`);
  }
  return first!;
}

test('PyTorch: seven networks, three optimizers, four formats', { skip }, () => {
  assert.equal(rounds.length, 21);
});

for (const { network, size, optimizer, client } of rounds)
  test(`PyTorch: ${network}, ${optimizer}: of every format, the simulated client is the real one to 1e-5`, async () => {
    const before = await loadNetwork(file(`${network}-before.onnx`));
    const start = await readAll(before, `${network}-before`);
    const after = await readAll(start, `${network}-${optimizer}`);
    const data = await openDataset(`csv:${file(`${network}.csv`)}`);
    assert.equal(data.imageShape[0], size);
    const batch = data.batch({ split: 'test', indices: [0, 1, 2] });
    const { agrees, sentence, tensors } = await checkClient(start, { after, batch, settings: client });
    assert.ok(agrees, sentence);
    tensors.forEach(({ name, ofWeights }, k) => {
      // shifts that a later normalisation takes away start at 0 and move by rounding alone
      const length = Math.hypot(...after.parameters[k]!.data);
      assert.ok(ofWeights < 1e-5 || length < 1e-7, `${name}: ${ofWeights}`);
    });
  });

for (const [network, optimizer, format] of [
  ['lenet-5', 'adam', 'npz'],
  ['flower', 'momentum', 'pt'],
  ['resnet-18', 'sgd', 'safetensors'],
  ['mobile', 'momentum', 'npz'],
  ['vit', 'sgd', 'pt'],
  ['mobile-v3', 'adam', 'pt'],
  ['shuffle', 'momentum', 'safetensors'],
] as const)
  test(`PyTorch: an audit of ${network} after ${optimizer}, from .onnx and .${format}`, { skip }, async () => {
    const { client } = rounds.find((round) => round.network === network && round.optimizer === optimizer)!;
    const found = await audit(
      {
        network: file(`${network}-before.onnx`),
        weights: file(`${network}-before.${format}`),
        after: file(`${network}-${optimizer}.${format}`),
        data: `csv:${file(`${network}.csv`)}`,
        ...{ batch: 3, client, phi: ['none', 'nf4'], labels: ['known'], iterations: 3, remedies: false },
      },
      { workers: 1 },
    );
    assert.ok(found.check?.agrees, found.check?.sentence);
    assert.equal(found.rows.length, 2);
    assert.ok(found.rows.every(({ scores }) => scores.psnr.every(Number.isFinite)));
  });

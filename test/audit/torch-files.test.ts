import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { audit, auditPage } from '../../src/audit/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { type TorchClient, torchClients, writeNetwork, writeState } from '../torch-clients.js';

const folder = temporaryFolder();

/** The private pictures as a table of pixels; a last row so that there are four classes. */
function tableOf({ name, images, labels, imageShape }: TorchClient): string {
  const size = imageShape[0] * imageShape[1] * imageShape[2];
  const row = (label: number, k: number): string =>
    [label, ...images.slice(k * size, (k + 1) * size).map((x) => Math.round(255 * x))].join(',');
  const header = ['label', ...Array.from({ length: size }, (_, i) => `pixel${i}`)].join(',');
  const path = join(folder, `${name.replace(/\W+/g, '-')}.csv`);
  writeFileSync(path, [header, ...labels.map(row), row(1, 0)].join('\n'));
  return path;
}

for (const name of ['tutorial, safetensors', 'mobile, safetensors'])
  test(`audit: a client of PyTorch from its files alone, ONNX and safetensors: ${name}`, async () => {
    const golden = torchClients.find((one) => one.name === name)!;
    const found = await audit(
      {
        network: writeNetwork(folder, golden),
        weights: writeState(folder, golden, 'before'),
        after: writeState(folder, golden, 'after'),
        data: `csv:${tableOf(golden)}`,
        batch: 3,
        client: golden.client,
        phi: ['none', 'sigma:0.01'],
        labels: ['known'],
        iterations: 2,
        remedies: false,
      },
      { workers: 1 },
    );
    assert.ok(found.check?.agrees, found.check?.sentence);
    assert.equal(found.rows.length, 2);
    assert.equal(found.unbounded, undefined);
    assert.deepEqual(
      found.bounds.map(({ bayesian }) => bayesian?.kind),
      [undefined, 'indication'],
    );
    assert.match(auditPage(found, { version: '0', engine: 'none' }), /what stands here is a measurement/);
  });

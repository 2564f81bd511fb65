import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { audit, auditPage, verdictOf } from '../../src/audit/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { constant, metadata, node, onnxFile } from '../onnx-files.js';
import { torchClients, writeNetwork, writeState, writeTable } from '../torch-clients.js';

const folder = temporaryFolder();

for (const name of ['tutorial, safetensors', 'mobile, safetensors'])
  test(`audit: a client of PyTorch from its files alone, ONNX and safetensors: ${name}`, async () => {
    const golden = torchClients.find((one) => one.name === name)!;
    const found = await audit(
      {
        network: writeNetwork(folder, golden),
        weights: writeState(folder, golden, 'before'),
        after: writeState(folder, golden, 'after'),
        data: `csv:${writeTable(folder, golden)}`,
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

test('audit: a network with batch normalisation folded in is no client: no verdict, said before', async () => {
  const values = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i) / 9);
  const file = (kernel: string, rule: string): string => {
    const path = join(folder, 'folded.onnx');
    const more = [metadata('namespace', 'net'), metadata('pkg.onnxscript.rewriter.rule_name', rule)];
    const parts = [
      constant(kernel, [2, 3, 1, 1], values(6)),
      constant('fc', [128, 4], values(512)),
      node('Conv', ['image', kernel], ['a'], rule ? more : []),
      node('Flatten', ['a'], ['b']),
      node('MatMul', ['b', 'fc'], ['answer']),
    ];
    writeFileSync(path, onnxFile(parts));
    return path;
  };
  const table = join(folder, 'four.csv');
  const pixels = Array.from({ length: 192 }, (_, i) => i);
  const rows = [0, 1, 2, 3].map((label) => [label, ...pixels.map((i) => (i * (label + 3)) % 256)].join(','));
  writeFileSync(table, [['label', ...pixels.map((i) => `pixel${i}`)].join(','), ...rows].join('\n'));
  for (const [kernel, rule, folded] of [
    ['conv.weight', 'FuseBatchNormIntoConv', true],
    ['onnx::Conv_12', '', true],
    ['conv.weight', 'FuseConvPad', false],
    ['conv.weight', '', false],
  ] as const) {
    const said: string[] = [];
    const threshold = { metric: 'psnr', value: 60 } as const;
    const few = { phi: ['none'], labels: ['known'], batch: 2, iterations: 2, remedies: false, threshold } as const;
    const given = { network: file(kernel, rule), data: `csv:${table}`, ...few };
    const found = await audit(given, { workers: 1, onDoubt: (sentence) => void said.push(sentence) });
    const { passed, sentence } = verdictOf(found);
    assert.equal(passed, !folded);
    assert.equal(/^No verdict: .*folded into node of a, which no client trains: export/.test(sentence), folded);
    assert.equal(said.length, folded ? 1 : 0);
  }
});

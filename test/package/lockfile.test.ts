import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

type Locked = { packages: Record<string, { hasInstallScript?: boolean; version?: string }> };

test('npm ci of any npm runs no install script of onnxruntime-node, which would fetch CUDA libraries', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Locked;
  const engine = packages['node_modules/onnxruntime-node'];
  assert.ok(engine?.version);
  assert.equal(
    engine.hasInstallScript,
    undefined,
    'take "hasInstallScript" of onnxruntime-node out of package-lock.json: npm 10 runs the script where it stands',
  );
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LIMITS } from '../../src/assets/limits.js';
import { root } from '../fixtures.js';

/** As SECURITY.md writes a limit: bytes in powers of 1024 where they are whole, else the number. */
function written(name: string, value: number): string {
  const bytes = /Bytes$|Line$|Beyond$/.test(name) && name !== 'entriesBeyond';
  if (bytes && value % 2 ** 30 === 0) return `${value / 2 ** 30} GiB`;
  if (bytes) return `${value / 2 ** 20} MiB`;
  return value.toLocaleString('en-US');
}

test('SECURITY.md lists every limit of the readers as it is', () => {
  const table = readFileSync(join(root, 'SECURITY.md'), 'utf8').split('## Limits of readers')[1]!;
  for (const [name, value] of Object.entries(LIMITS))
    assert.ok(table.includes(written(name, value)), `${name}: ${written(name, value)}`);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** An empty folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Bytes without an end. */
export function* endlessBytes(): Generator<Buffer, void> {
  for (;;) yield Buffer.alloc(65_536);
}

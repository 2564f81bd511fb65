import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepValue, keptValue } from '../../src/assets/index.js';
import { problem } from '../../src/core/errors.js';
import { type SemanticResults, semanticResults, semanticText } from '../../src/studies/index.js';

const inFolder = async <T>(task: (file: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-kept-'));
  return task(join(folder, 'kept.json')).finally(() => rmSync(folder, { recursive: true }));
};

/** A row as audits and studies keep it. */
export const keptRow = (): Promise<Buffer> =>
  inFolder(async (file) => {
    await keepValue(file, { settings: { phi: 'sign' }, rows: [{ psnr: 21.5, labels: [1, 2] }] });
    return readFileSync(file);
  });

/** The row again. @throws it is damaged, so that a study would compute it again */
export const readKeptRow = (bytes: Buffer): Promise<unknown> =>
  inFolder(async (file) => {
    writeFileSync(file, bytes);
    const kept = await keptValue(file);
    if (kept === undefined) throw problem('keptValue', 'the row is damaged');
    return kept;
  });

const SEMANTIC = { data: 'scenes', command: 'npm run study -- rogs', seed: 1, summary: [], rows: [{ psnr: 20.25 }] };

/** rogs.json, as a study writes it, and read again. */
export const studyResults = {
  good: async () => [Buffer.from(semanticText(SEMANTIC as unknown as SemanticResults))],
  read: (bytes: Buffer) =>
    inFolder((file) => {
      writeFileSync(file, bytes);
      return semanticResults(file);
    }),
  checked: true,
} as const;

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parsedJson, problem } from '../../core/errors.js';
import type { SemanticRow } from './rogs-study.js';
import type { SettingSummary } from './rogs-summary.js';

/** What `roglab study rogs` wrote: one row per private image and setting, and their summary. */
export interface SemanticResults {
  readonly data: string;
  readonly command: string;
  readonly seed: number;
  readonly summary: readonly SettingSummary[];
  readonly rows: readonly SemanticRow[];
}

/** The results that come with the package, data/results/rogs.json; or those of a file of your own. */
export async function semanticResults(
  file = fileURLToPath(new URL('../../../../data/results/rogs.json', import.meta.url)),
): Promise<SemanticResults> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw problem(
      'semanticResults',
      `cannot read rogs.json: ${error.code}`,
      undefined,
      'npm run study -- rogs makes it',
    );
  });
  return parsedJson(`semanticResults ${file}`, text) as SemanticResults;
}

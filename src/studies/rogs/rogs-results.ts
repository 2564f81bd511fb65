import { fileURLToPath } from 'node:url';
import { LIMITS, readBoundedText } from '../../assets/index.js';
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
  const text = textOf(file);
  return parsedJson(`semanticResults ${file}`, text) as SemanticResults;
}

function textOf(file: string): string {
  try {
    return readBoundedText('semanticResults', file, LIMITS.notebookBytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!code) throw error;
    throw problem('semanticResults', `cannot read rogs.json: ${code}`, undefined, 'npm run study -- rogs makes it');
  }
}

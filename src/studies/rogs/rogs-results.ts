import { fileURLToPath } from 'node:url';
import { LIMITS, readBoundedText } from '../../assets/index.js';
import { parsedJson, problem } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
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

/** The text of rogs.json: the results, and the SHA-256 of their own text. */
export const semanticText = (results: SemanticResults): string =>
  `${JSON.stringify({ ...results, sha256: sha256(JSON.stringify(results)) })}\n`;

/**
 * The results that come with the package, data/results/rogs.json; or those of a file of your own.
 * @throws no such file; not the text that `roglab study rogs` wrote
 */
export async function semanticResults(
  file = fileURLToPath(new URL('../../../../data/results/rogs.json', import.meta.url)),
): Promise<SemanticResults> {
  const { sha256: written, ...results } = (parsedJson(`semanticResults ${file}`, textOf(file)) ?? {}) as {
    readonly sha256?: string;
  } & SemanticResults;
  if (written !== sha256(JSON.stringify(results)))
    throw problem('semanticResults', `${file} must be as it was written, by its sha256`, written, MADE);
  return results;
}

const MADE = 'npm run study -- rogs makes it';

function textOf(file: string): string {
  try {
    return readBoundedText('semanticResults', file, LIMITS.notebookBytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!code) throw error;
    throw problem('semanticResults', `cannot read rogs.json: ${code}`, undefined, MADE);
  }
}

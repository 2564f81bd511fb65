import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '../assets/limits.js';
import { readBoundedText } from '../assets/read-bounded.js';

/** What SOURCE.txt in a folder of published files says of them, or an honest sentence that nothing is known. */
export function recordedSource(folder: string, what: string): string {
  const file = join(folder, 'SOURCE.txt');
  if (existsSync(file)) return readBoundedText('SOURCE.txt', file, LIMITS.textBytes).trim();
  return `${what} from a local folder; where the files come from is not recorded.`;
}

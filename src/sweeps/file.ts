import { extname } from 'node:path';
import { parse } from 'yaml';
import { LIMITS, readBoundedText } from '../assets/index.js';
import { problem } from '../core/errors.js';
import { defineSweep, type Sweep } from './define.js';
import type { SweepDefinition } from './types.js';

/**
 * A sweep from a file: JSON by its ending, else YAML. A `$schema` beside the axes is passed over.
 * Errors begin with the file's name: no such file, text that cannot be read, and those of defineSweep.
 */
export async function readSweep(file: string): Promise<Sweep> {
  const text = textOf(file);
  const { $schema: _, ...definition } = (parsed(file, text) ?? {}) as SweepDefinition & { $schema?: string };
  try {
    return defineSweep(definition);
  } catch (error) {
    (error as Error).message = `${file}: ${(error as Error).message.replace(/^defineSweep: /, '')}`;
    throw error;
  }
}

function textOf(file: string): string {
  try {
    return readBoundedText(file, file, LIMITS.textBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw problem(file, 'cannot read the sweep: there is no such file');
  }
}

function parsed(file: string, text: string): unknown {
  try {
    return extname(file) === '.json' ? JSON.parse(text) : parse(text);
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    throw problem(file, `cannot be read: ${line}`, undefined, 'a sweep is a YAML or JSON object of axes');
  }
}

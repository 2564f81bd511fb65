import { join } from 'node:path';
import { keepValue, keptValue, warnsOnce } from '../assets/index.js';
import { sha256 } from '../core/hash.js';
import type { Batch, NamedArray, Scores } from '../core/types.js';

/** One attack of an audit: what was sent, what the server knew, what came out; per private image. */
export interface AuditRow {
  readonly phi: string;
  readonly labels: 'known' | 'infer';
  /** Layers that the attacker left out, knowing of a defence, joined by `+`; absent: none. */
  readonly ignoring?: string;
  readonly batch: number;
  readonly bitsPerEntry: number;
  /** Least |s phi(delta) - delta| / |delta| over all scales s: 0 nothing of the update is lost, 1 all. */
  readonly distortion: number;
  readonly scores: Omit<Scores, 'match'>;
  /** Labels that the attack went by and that are in the batch, as a share. */
  readonly labelsRight: number;
  /** Rank of each private image among the candidates by distance to what was rebuilt of it: 1 names it. */
  readonly ranks: readonly number[];
  readonly attack: string;
  readonly closures: number;
  readonly seconds: number;
  /** PNG files of what was rebuilt, in the order of the private images, as base64. */
  readonly pictures: readonly string[];
}

/** Everything that decides the numbers of a row, as a short name for its file. */
export function rowName(decides: object, tensors: readonly NamedArray[], { images, labels }: Batch): string {
  const numbers = [...tensors, images].map(({ data }) => data);
  return sha256(JSON.stringify(decides), ...numbers, JSON.stringify([...labels])).slice(0, 24);
}

/** Rows of an audit in a folder, a file each, not computed again after a stop. A full disk ends no audit. */
export function rowStore(folder: string) {
  const warn = warnsOnce('the audit goes on without it');
  const fileOf = (name: string): string => join(folder, `${name}.json`);
  return {
    read: (name: string): Promise<AuditRow | undefined> => keptValue(fileOf(name)),
    write: (name: string, row: AuditRow): Promise<void> => keepValue(fileOf(name), row).catch(warn),
  };
}

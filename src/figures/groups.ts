import { nearest, problem } from '../core/errors.js';
import type { Batch, Model, Reconstruction, Scores } from '../core/types.js';

/** What the figures need of an outcome of `study`: the private batch, what was rebuilt, and the scores. */
export interface Scored {
  readonly batch: Batch;
  readonly result: Pick<Reconstruction, 'images' | 'closures' | 'seconds'>;
  readonly scores: Scores;
  readonly model?: Pick<Model, 'name'>;
}

/** Outcomes with the same value of a field. */
export interface Group<T> {
  readonly value: string;
  readonly part: readonly T[];
}

/**
 * Outcomes by the value of one of their fields, in the order of first appearance.
 * @throws no outcomes; a field that an outcome lacks, with the nearest one that it has
 */
export function groupsOf<T extends Scored>(where: string, outcomes: readonly T[], field: string): Group<T>[] {
  checkOutcomes(where, outcomes);
  const groups = new Map<string, T[]>();
  for (const one of outcomes) {
    const plain = plainFields(one);
    const value = plain[field];
    if (value === undefined) {
      const near = nearest(field, Object.keys(plain));
      const fix = near ? `did you mean ${JSON.stringify(near)}?` : `fields: ${Object.keys(plain).join(', ')}`;
      throw problem(where, `an outcome has no field ${JSON.stringify(field)}`, undefined, fix);
    }
    groups.set(String(value), [...(groups.get(String(value)) ?? []), one]);
  }
  return [...groups].map(([value, part]) => ({ value, part }));
}

export function checkOutcomes(where: string, outcomes: readonly Scored[]): void {
  const fix = 'await study([{ model, batch, phi }])';
  if (!Array.isArray(outcomes) || outcomes.length === 0)
    throw problem(where, 'give the outcomes of a study, one at least', outcomes, fix);
  const bare = outcomes.findIndex((one) => !one?.scores);
  if (bare >= 0) throw problem(where, `outcome ${bare} has no scores`, Object.keys(outcomes[bare] ?? {}), fix);
}

/** The fields that one cell of a table holds. */
export const plainFields = (outcome: object): Record<string, string | number | boolean> =>
  Object.fromEntries(
    Object.entries(outcome).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)),
  );

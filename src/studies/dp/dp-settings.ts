import type { Dataset } from '../../data/index.js';
import type { FederateOptions } from '../federate.js';
import type { DpProfile, DpRow } from './dp-row.js';

/** Everything of a row that decides its numbers, as plain JSON. */
export function settingsOf(row: DpRow, profile: DpProfile, data: Dataset): Readonly<Record<string, unknown>> {
  const attacked = attackAt(row, profile);
  const settings = {
    ...trainingOf(row, profile),
    model: profile.network ?? 'lenet',
    data: data.name,
    partition: row.partition ?? profile.partition,
    ...(attacked.length > 0 && { victims: profile.victims }),
    attackAt: attacked,
  };
  return JSON.parse(JSON.stringify(settings)) as Readonly<Record<string, unknown>>;
}

/** Shares of the rounds after which a row's models are attacked. */
export const attackAt = ({ group, attacked }: DpRow, profile: DpProfile): readonly number[] => {
  if (group === 'mechanism') return attacked ? profile.attackAt : [];
  return group === 'table' ? profile.attackAt : [0];
};

export const trainingOf = ({ group, phi, privacy, training }: DpRow, profile: DpProfile): FederateOptions => ({
  ...profile.training,
  ...(group === 'table' || group === 'shape' ? {} : profile.shorter),
  ...training,
  phi,
  ...(privacy && { privacy }),
});

import type { ClientCheck } from './client/check.js';
import type { Subject } from './subject.js';

/** Why no attack could say anything of the client, a sentence each, known before the attacks. */
export function doubtsOf({ folded }: Pick<Subject, 'folded'>, check?: ClientCheck): readonly string[] {
  if (check) return check.agrees ? [] : [check.sentence];
  if (!folded) return [];
  const [first, ...others] = folded;
  const where = `${first}${others.length ? ` and ${others.length} more` : ''}`;
  return [`the network's file has batch normalisation folded into ${where}, which no client trains: ${FIX}`];
}

const FIX = 'export with optimize=False, or the older exporter with training=TrainingMode.PRESERVE';

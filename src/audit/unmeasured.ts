import { METRICS } from '../metrics/index.js';
import type { AuditResult } from './audit.js';

/** Why no attack could say anything of the client, a sentence each, known before the attacks. */
export function doubtsOf({ subject: { folded }, check }: Pick<AuditResult, 'subject' | 'check'>): readonly string[] {
  if (check) return check.agrees ? [] : [check.sentence];
  if (!folded) return [];
  const [first, ...others] = folded;
  const where = `${first}${others.length ? ` and ${others.length} more` : ''}`;
  return [`the network's file has batch normalisation folded into ${where}, which no client trains: ${FIX}`];
}

const FIX = 'export with optimize=False, or the older exporter with training=TrainingMode.PRESERVE';

/**
 * Why an audit says nothing of some images, a sentence each: doubts about client and network, a phi under which no
 * attack could be made, pictures without the score that decides. What was not measured is not safe.
 */
export function unmeasured(result: Pick<AuditResult, 'audit' | 'subject' | 'rows' | 'untried' | 'check'>) {
  const { audit, rows, untried } = result;
  const { metric } = audit.threshold;
  const ofPhi = (phi: string): readonly string[] => {
    const mine = rows.filter((row) => row.phi === phi);
    const why = untried.find((cell) => cell.phi === phi)?.why;
    if (mine.length === 0) return [`phi ${phi}: no attack could be made${why ? ` (${why})` : ''}`];
    const scored = mine.flatMap(({ scores }) => scores[metric] ?? []).some((score) => !Number.isNaN(score));
    return scored ? [] : [`phi ${phi}: no image has a score of ${METRICS[metric].label}`];
  };
  const phis = new Set([...audit.phi, ...rows.map(({ phi }) => phi)]);
  return [...doubtsOf(result), ...[...phis].flatMap(ofPhi)];
}

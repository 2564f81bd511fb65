import { METRICS } from '../metrics/index.js';
import type { AuditResult } from './audit.js';
import { doubtsOf } from './doubts.js';

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
  return [...doubtsOf(result.subject, result.check), ...[...phis].flatMap(ofPhi)];
}

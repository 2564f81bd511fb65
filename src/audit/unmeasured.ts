import { METRICS } from '../metrics/index.js';
import type { AuditResult } from './audit.js';

/**
 * Why an audit says nothing of some images, a sentence each: the simulated client is not the real one, a phi under
 * which no attack could be made, pictures without the score that decides. What was not measured is not safe.
 */
export function unmeasured({
  audit,
  rows,
  untried,
  check,
}: Pick<AuditResult, 'audit' | 'rows' | 'untried' | 'check'>): readonly string[] {
  const { metric } = audit.threshold;
  const ofPhi = (phi: string): readonly string[] => {
    const mine = rows.filter((row) => row.phi === phi);
    const why = untried.find((cell) => cell.phi === phi)?.why;
    if (mine.length === 0) return [`phi ${phi}: no attack could be made${why ? ` (${why})` : ''}`];
    const scored = mine.flatMap(({ scores }) => scores[metric] ?? []).some((score) => !Number.isNaN(score));
    return scored ? [] : [`phi ${phi}: no image has a score of ${METRICS[metric].label}`];
  };
  const phis = new Set([...audit.phi, ...rows.map(({ phi }) => phi)]);
  return [...(check && !check.agrees ? [check.sentence] : []), ...[...phis].flatMap(ofPhi)];
}

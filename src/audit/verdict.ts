import { mean } from '../core/numbers.js';
import { confidenceInterval, METRICS } from '../metrics/index.js';
import { type AuditResult, isRebuilt, remedyOf } from './audit.js';
import type { AuditRow } from './audit-rows.js';
import { reaches } from './config.js';
import { unmeasured } from './unmeasured.js';

/** One phi in an audit: the labels that served the server best decide. */
export interface PhiVerdict {
  readonly phi: string;
  readonly labels: 'known' | 'infer';
  /** Layers that the attacker left out, joined by `+`, where an attack that knows of a defence served it best. */
  readonly ignoring?: string;
  readonly rebuilt: number;
  readonly images: number;
  readonly psnr: Spread;
  readonly ssim: Spread;
  readonly bitsPerEntry: number;
  readonly distortion: number;
  /** Largest Bayesian Cramer-Rao bound of its batches, PSNR in dB: an indication; and whether an attack passed it. */
  readonly bound?: { readonly psnr: number; readonly beaten: boolean };
  /** PSNR in dB that the inversion influence foretells, of the batch for which that is most. */
  readonly influence?: number;
}

/** Mean over the images, with the least and the largest. */
export interface Spread {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
  /** Half-width of the mean's 95 % interval over the images, by Student's t; absent for a single image. */
  readonly halfWidth?: number;
}

/** What an audit comes to. */
export interface Verdict {
  /** No image is rebuilt, and nothing is left unmeasured. */
  readonly passed: boolean;
  /** One sentence. */
  readonly sentence: string;
  /** The smallest change that was tried under which no image is rebuilt. */
  readonly remedy?: PhiVerdict;
  readonly phis: readonly PhiVerdict[];
}

/** The verdict on the rows of an audit. */
export function verdictOf(result: AuditResult): Verdict {
  const { audit, rows, tried } = result;
  const phis = [...new Set(rows.map(({ phi }) => phi))].map((phi) => worst(result, rows, phi));
  const gaps = unmeasured(result);
  const rebuilt = rows.some((row) => isRebuilt(audit, row));
  const safe = remedyOf(audit, tried);
  const remedy = safe === undefined ? undefined : worst(result, tried, safe);
  const head = phis.reduce((a, b) => (b.rebuilt > a.rebuilt ? b : a));
  const count = head.rebuilt === 0 ? 'none' : `${head.rebuilt} of ${head.images}`;
  const what = (
    `with ${nameOf(head.phi)} updates of batch ` +
    `${audit.batch}${audit.clients > 1 ? `, summed over ${audit.clients} clients,` : ','} ${count} of the ` +
    'images '
  ).replace(`${head.images} of the images`, `${head.images} images`);
  const { metric, value } = audit.threshold;
  const least = `${METRICS[metric].label} ${METRICS[metric].better === 'higher' ? 'at least' : 'at most'} ${value}`;
  const found = `${what}${head.rebuilt === 1 ? 'is' : 'are'} rebuilt recognisably (${least})${theory(result, head)}`;
  const sentence = gaps.length && !rebuilt ? `no verdict: ${gaps.join('; ')}` : [found, ...gaps].join('; ');
  return {
    passed: !rebuilt && gaps.length === 0,
    sentence: sentence.charAt(0).toUpperCase() + sentence.slice(1),
    phis,
    ...(remedy && { remedy }),
  };
}

/** What theory adds to the verdict: a promise only where the client's own noise makes one. */
function theory({ privacy }: AuditResult, { bound }: PhiVerdict): string {
  const [first] = privacy?.robustness ?? [];
  if (first)
    return (
      `; whatever the attack, a chance of ${share(first.kappa)} to name an image without the update ` +
      `is at most ${share(first.gamma)} with it`
    );
  if (!bound || !Number.isFinite(bound.psnr)) return '';
  return bound.beaten
    ? `; the ${bound.psnr.toFixed(1)} dB to which a Gaussian prior would hold an attacker were passed`
    : `; a Gaussian prior would hold an attacker to ${bound.psnr.toFixed(1)} dB, an indication and no promise`;
}

const share = (chance: number): string => `${Number((100 * chance).toPrecision(2))} %`;

const nameOf = (phi: string): string => (phi === 'none' ? 'unchanged' : phi);

function worst(result: AuditResult, rows: readonly AuditRow[], phi: string): PhiVerdict {
  const { threshold } = result.audit;
  const all = rows.filter((row) => row.phi === phi);
  const of = ({ labels, ignoring }: AuditRow): PhiVerdict => {
    const mine = all.filter((row) => row.labels === labels && row.ignoring === ignoring);
    const values = mine.flatMap(({ scores }) => scores[threshold.metric] ?? []);
    const [psnr, ssim] = (['psnr', 'ssim'] as const).map((name) => spread(mine.flatMap(({ scores }) => scores[name])));
    const rebuilt = values.filter((value) => reaches(threshold, value)).length;
    const { bitsPerEntry } = mine[0]!;
    const distortion = mine.reduce((sum, row) => sum + row.distortion / mine.length, 0);
    return {
      phi,
      labels,
      ...(ignoring !== undefined && { ignoring }),
      rebuilt,
      images: values.length,
      psnr: psnr!,
      ssim: ssim!,
      bitsPerEntry,
      distortion,
      ...theoryOf(result, phi),
    };
  };
  return all
    .map(of)
    .reduce((a, b) => (b.rebuilt > a.rebuilt || (b.rebuilt === a.rebuilt && b.ssim.mean > a.ssim.mean) ? b : a));
}

function theoryOf({ bounds }: AuditResult, phi: string): Pick<PhiVerdict, 'bound' | 'influence'> {
  const mine = bounds.filter((one) => one.phi === phi);
  const found = mine.flatMap(({ bayesian }) => bayesian ?? []);
  const reach = mine.flatMap(({ influence }) => influence?.psnr ?? []);
  return {
    ...(found.length > 0 && {
      bound: { psnr: Math.max(...found.map(({ psnr }) => psnr)), beaten: found.some(({ beaten }) => beaten) },
    }),
    ...(reach.length > 0 && Number.isFinite(Math.max(...reach)) && { influence: Math.max(...reach) }),
  };
}

export const spread = (values: readonly number[]): Spread => ({
  mean: mean(values),
  least: Math.min(...values),
  most: Math.max(...values),
  ...(values.length > 1 && values.every(Number.isFinite) && { halfWidth: confidenceInterval(values).halfWidth }),
});

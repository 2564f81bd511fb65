import { problem } from '../core/errors.js';
import { checkOptions, number, oneOf } from '../core/options.js';
import { METRICS, type MetricName } from '../metrics/index.js';
import type { AuditResult } from './audit.js';
import type { Audit, Threshold } from './config.js';
import { unmeasured } from './unmeasured.js';
import { type PhiVerdict, verdictOf } from './verdict.js';

/** From where on an audit has failed; each as audit.json names it. What is absent fails nothing. */
export interface FailOn {
  /** An image that reaches it counts as rebuilt; one is enough where `rebuilt` is absent. */
  readonly threshold?: Threshold;
  /** Share of the images that are rebuilt under a phi, in (0, 1]; by the threshold of the config where none is here. */
  readonly rebuilt?: number;
  /** Chance to name an image with the update, in (0, 1]: the verdict's, at the kappa of the client's own labels. */
  readonly gamma?: number;
}

const WHERE = 'audit --fail-on';
const SHARES = ['rebuilt', 'gamma'] as const;
const NAMES = [...(Object.keys(METRICS) as MetricName[]), ...SHARES];
const isShare = (name: string): name is (typeof SHARES)[number] => SHARES.includes(name as never);

/**
 * `ssim:0.5`, `rebuilt:0.1`, `gamma:0.5`, or several with commas: a metric, a share of rebuilt images, a robustness.
 * @throws what has not that form, unknown names (the nearest is named), shares outside (0, 1], names said twice
 */
export function parseFailOn(text: string): FailOn {
  const parts = text.split(',').map((part) => readPart(part.trim()));
  const keys = parts.map(([key]) => key);
  const twice = keys.find((key, i) => keys.indexOf(key) < i);
  if (twice) {
    const what = twice === 'threshold' ? 'metric' : twice;
    throw problem(WHERE, `one ${what} is enough`, text, 'e.g. ssim:0.5,rebuilt:0.1');
  }
  return Object.fromEntries(parts);
}

function readPart(part: string): readonly [keyof FailOn, Threshold | number] {
  const [name = '', value = '', ...more] = part.split(':');
  if (more.length || value.trim() === '' || Number.isNaN(Number(value)))
    throw problem(WHERE, 'it has the form NAME:NUMBER', part, `e.g. ssim:0.5; names: ${NAMES.join(', ')}`);
  const known = oneOf(WHERE, 'the name', name, NAMES);
  const x = Number(value);
  if (!isShare(known)) return ['threshold', { metric: known, value: number(WHERE, known, x, -1e6, 1e6) }];
  if (!(x > 0 && x <= 1))
    throw problem(WHERE, `${known} must be above 0 and at most 1`, x, 'a metric alone fails on any one image');
  return [known, x];
}

/** @throws where nothing could hold a client to `gamma`: one who does not noise its steps */
export function checkFailOn({ gamma }: FailOn, { client }: Pick<Audit, 'client'>): void {
  if (gamma !== undefined && !client.privacy) {
    const fix = 'say client.privacy in the config, e.g. { "clip": 1, "noiseMultiplier": 1 }';
    throw problem(WHERE, 'gamma is told only of a client that noises its own clipped steps', gamma, fix);
  }
}

/** Why an audit has failed, a sentence each; empty: it has not. What could not be measured has failed. */
export function failuresOf(result: AuditResult, failOn: FailOn): readonly string[] {
  checkOptions(WHERE, failOn, ['threshold', ...SHARES]);
  const { threshold, rebuilt, gamma } = failOn;
  const ofImages = threshold || rebuilt !== undefined;
  return [
    ...(ofImages ? unmeasured(result) : []),
    ...(ofImages ? verdictOf(result).phis.flatMap((one) => imagesFail(one, rebuilt)) : []),
    ...(gamma === undefined ? [] : gammaFails(result, gamma)),
  ];
}

function imagesFail({ phi, rebuilt, images }: PhiVerdict, share?: number): string[] {
  const fails = share === undefined ? rebuilt > 0 : rebuilt / images >= share;
  if (!fails) return [];
  return [`phi ${phi}: ${rebuilt} of ${images} images rebuilt${share === undefined ? '' : `, a share of ${share}`}`];
}

function gammaFails({ privacy }: AuditResult, most: number): readonly string[] {
  const [first] = privacy?.robustness ?? [];
  if (!first) return ['gamma: the client adds no noise that would bound it'];
  return first.gamma >= most ? [`gamma: ${Number(first.gamma.toPrecision(3))} reaches ${most}`] : [];
}

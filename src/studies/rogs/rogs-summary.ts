import { confidenceInterval, type Interval, type Share, shareInterval } from '../../metrics/index.js';
import { SEMANTIC_METHODS, type SemanticMethod, type SemanticRow } from './rogs-study.js';

/** Means and shares with 95 % confidence intervals over the images of a setting. */
export interface MethodSummary {
  readonly psnr: Interval;
  readonly ssim: Interval;
  readonly agreement: Share;
  readonly jaccard: Interval;
  readonly rank: Interval;
  readonly medianRank: number;
  /** Share of private images that are the nearest of 1,000, or among the ten nearest. */
  readonly first: Share;
  readonly topTen: Share;
}

/** ROGS against another method, image by image. */
export interface Against {
  /** Jaccard of ROGS minus that of the other. */
  readonly jaccard: Interval;
  /** Geometric mean of (rank of the other / rank of ROGS), with its 95 % interval: above 1, ROGS is nearer. */
  readonly rankRatio: { readonly mean: number; readonly low: number; readonly high: number };
}

/** What the methods reach in one setting. */
export interface SettingSummary {
  readonly setting: string;
  readonly images: number;
  readonly methods: Readonly<Record<SemanticMethod, MethodSummary>>;
  readonly against: Readonly<Record<Exclude<SemanticMethod, 'rogs'>, Against>>;
}

/** One summary per setting, in the order in which settings occur. */
export function semanticSummary(rows: readonly SemanticRow[]): SettingSummary[] {
  return [...new Set(rows.map(({ setting }) => setting))].map((setting) => {
    const own = rows.filter((row) => row.setting === setting);
    const methods = Object.fromEntries(SEMANTIC_METHODS.map((method) => [method, methodSummary(own, method)]));
    const others = SEMANTIC_METHODS.filter((method) => method !== 'rogs');
    const against = Object.fromEntries(others.map((method) => [method, compared(own, method)]));
    return { setting, images: own.length, methods, against } as unknown as SettingSummary;
  });
}

function methodSummary(rows: readonly SemanticRow[], method: SemanticMethod): MethodSummary {
  const scores = rows.map((row) => row.scores[method]);
  const ranks = scores.map(({ rank }) => rank).sort((a, b) => a - b);
  const middle = ranks.length / 2;
  return {
    psnr: confidenceInterval(scores.map((s) => s.psnr)),
    ssim: confidenceInterval(scores.map((s) => s.ssim)),
    agreement: shareInterval(scores.map((s) => s.agreement)),
    jaccard: confidenceInterval(scores.map((s) => s.jaccard)),
    rank: confidenceInterval(ranks),
    medianRank: (ranks[Math.ceil(middle) - 1]! + ranks[Math.floor(middle)]!) / 2,
    first: shareInterval(ranks.map((rank) => Number(rank < 2))),
    topTen: shareInterval(ranks.map((rank) => Number(rank <= 10))),
  };
}

function compared(rows: readonly SemanticRow[], method: SemanticMethod): Against {
  const pairs = rows.map(({ scores }) => [scores[method], scores.rogs] as const);
  const logs = confidenceInterval(pairs.map(([other, rogs]) => Math.log(other.rank / rogs.rank)));
  return {
    jaccard: confidenceInterval(pairs.map(([other, rogs]) => rogs.jaccard - other.jaccard)),
    rankRatio: {
      mean: Math.exp(logs.mean),
      low: Math.exp(logs.mean - logs.halfWidth),
      high: Math.exp(logs.mean + logs.halfWidth),
    },
  };
}

import type { Stage } from './minimise.js';

/** A part of a search: a latent of h/factor pixels, its share of the closures, its step size. */
export interface Part extends Pick<Stage, 'rate'> {
  readonly factor: number;
  readonly share: number;
}

/** The closures of each part; together all, whatever the shares are rounded to. */
export function closuresOf(parts: readonly Pick<Part, 'share'>[], all: number): number[] {
  const upTo = (k: number): number => Math.round(all * parts.slice(0, k).reduce((sum, { share }) => sum + share, 0));
  return parts.map((_, k) => upTo(k + 1) - upTo(k));
}

/** The stages of so many closures on pictures [height, width, channels]. */
export function stagesOf(parts: readonly Part[], all: number, [height, width]: readonly number[]): Stage[] {
  const side = (n: number, factor: number): number => Math.max(1, Math.round(n / factor));
  const closures = closuresOf(parts, all);
  return parts.map(({ factor, rate }, k) => ({
    size: [side(height!, factor), side(width!, factor)],
    closures: closures[k]!,
    rate,
  }));
}

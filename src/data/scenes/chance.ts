import type { Color } from './color.js';

/** The draws of one scene, all from one stream of uniform numbers. */
export interface Chance {
  /** Uniform in [low, high). */
  readonly between: (low: number, high: number) => number;
  readonly whole: (low: number, high: number) => number;
  readonly odds: (probability: number) => boolean;
  readonly pick: <T>(list: readonly T[]) => T;
  /** A colour of the list, a little brighter or darker and off its hue. */
  readonly tint: (list: readonly Color[]) => Color;
}

/** Named draws over a stream of uniform numbers in [0, 1). */
export function chanceOf(uniform: () => number): Chance {
  const between = (low: number, high: number): number => low + (high - low) * uniform();
  const whole = (low: number, high: number): number => low + Math.floor((high - low + 1) * uniform());
  const pick = <T>(list: readonly T[]): T => list[whole(0, list.length - 1)]!;
  const tint = (list: readonly Color[]): Color => {
    const [r, g, b] = pick(list);
    const gain = between(0.75, 1.25);
    return [r * gain * between(0.85, 1.15), g * gain * between(0.85, 1.15), b * gain * between(0.85, 1.15)];
  };
  return { between, whole, odds: (probability) => uniform() < probability, pick, tint };
}

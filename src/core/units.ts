/** `7.0 s`, `42 s`, `3 min 20 s` */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A time that is not known so well: `0.31 s`, `13 min`, `5.6 h` */
export function roughly(seconds: number): string {
  if (seconds < 100) return `${Number(seconds.toPrecision(2))} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** `1 image`, `24 images`; `many` where the plural is not the word with an s. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/**
 * Numbers that stand beside one another, all in one form and exact: `0.0003`, `0.1`; with powers of ten, `1e-7`,
 * `1e-3`, where one of them is below 0.0001 or from a million on.
 */
export function alike(values: readonly number[]): string[] {
  const plain = values.every((value) => value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e6));
  return values.map((value) => (plain || value === 0 ? String(value) : value.toExponential().replace('e+', 'e')));
}

/** `12 MB`, `1.5 GB` */
export const size = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;

import type { AttackSteps } from '../../core/types.js';

/** Seconds since it was made. */
export function stopwatch(): () => number {
  const began = performance.now();
  return () => (performance.now() - began) / 1000;
}

/** The steps of an attack after others: closures and seconds go on; a total is never less than what was asked. */
export async function* shifted(
  steps: AttackSteps,
  before: { readonly closures: number; readonly seconds: number },
  asked: number,
): AttackSteps {
  const on = <T extends { readonly closure: number; readonly seconds: number }>(point: T): T => ({
    ...point,
    closure: point.closure + before.closures,
    seconds: point.seconds + before.seconds,
  });
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return { ...value, history: value.history.map(on) };
    yield { ...on(value), total: Math.max(asked, value.total + before.closures) };
  }
}

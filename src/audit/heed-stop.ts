import { problem } from '../core/errors.js';
import type { AuditRow } from './audit-rows.js';

/** Ends an audit that is to stop, between two pieces of its work: what had finished is in the error's `rows`. */
export function heedStop(
  { signal, folder }: { readonly signal?: AbortSignal; readonly folder?: string },
  rows: readonly AuditRow[] = [],
): void {
  if (!signal?.aborted) return;
  const done = `stopped; finished attacks: ${rows.length}`;
  const fix = folder === undefined ? 'with a folder the same call would go on' : `the same call goes on from ${folder}`;
  const error = problem('audit', done, undefined, fix);
  throw Object.defineProperties(error, { rows: { value: rows }, cause: { value: signal.reason } });
}

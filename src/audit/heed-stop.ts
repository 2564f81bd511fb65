import { problem } from '../core/errors.js';
import type { AuditRow } from './audit-rows.js';

/**
 * Ends an audit that is to stop, between two pieces of its work: what had finished is in the error's `rows`. Without
 * `rows` its attacks had not begun, and what a folder keeps of an earlier run was not looked at.
 */
export function heedStop(
  { signal, folder }: { readonly signal?: AbortSignal; readonly folder?: string },
  rows?: readonly AuditRow[],
): void {
  if (!signal?.aborted) return;
  const done = rows ? `stopped; finished attacks: ${rows.length}` : 'stopped before its attacks';
  const fix = folder === undefined ? 'with a folder the same call would go on' : `the same call goes on from ${folder}`;
  const error = problem('audit', done, undefined, fix);
  throw Object.defineProperties(error, { rows: { value: rows ?? [] }, cause: { value: signal.reason } });
}

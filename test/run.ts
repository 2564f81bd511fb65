/**
 * Runs every test file (or those whose path contains an argument) with node:test and ends with one line of totals.
 * `--browser`, `--sweeps` or `--faults` runs those tests instead (long ones); where they cannot run they say why, and
 * that is no failure.
 */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const apart = ['browser', 'sweeps', 'faults'].find((kind) => process.argv.includes(`--${kind}`));
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const ending = `.${apart ?? 'test'}.js`;
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith(ending) && (wanted.length === 0 || wanted.some((part) => file.includes(part))))
  .sort()
  .map((file) => join(root, file));

const totals = { passed: 0, failed: 0, skipped: 0 };
const stream = run({ files, concurrency: 2, timeout: apart ? 1_800_000 : 600_000 });
const leaf = (data: { details: { type?: string } }): boolean => data.details.type !== 'suite';
stream.on('test:pass', (data) => {
  if (!leaf(data)) return;
  if (data.skip !== undefined) totals.skipped++;
  else totals.passed++;
});
stream.on('test:fail', (data) => {
  if (leaf(data)) totals.failed++;
});
const report = stream.compose(new spec());
report.on('end', () => {
  const skipped = totals.skipped ? `, ${totals.skipped} skipped` : '';
  process.exitCode = totals.failed || (totals.passed === 0 && !(apart && totals.skipped)) ? 1 : 0;
  process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed${skipped}\n`, () => process.exit());
});
report.pipe(process.stdout, { end: false });

/**
 * A process that reads damaged files: `reader-child.js READER SEED COUNT`; says what it begins and, at the end, what it
 * saw.
 */
import { rmSync } from 'node:fs';
import { mutated } from './mutate.js';
import { faultsFolder, READERS } from './readers.js';
import { dice } from './seed.js';

const [name, seed, count] = process.argv.slice(2) as [string, string, string];
const { good, read, checked } = READERS[name]!;
const files = await good();
const originals: string[] = [];
for (const file of files) originals.push(JSON.stringify(await read(file)));
process.emitWarning = () => {};

const report = {
  refused: 0,
  loaded: 0,
  silent: [] as string[],
  raw: [] as string[],
  slowest: 0,
  slowestAt: '',
  peak: 0,
};
for (let k = 0; k < Number(count); k++) {
  const which = k % files.length;
  const bytes = mutated(files[which]!, dice(Number(seed) * 1_000_003 + k));
  process.send?.({ k, bytes: bytes.toString('base64') });
  const began = process.cpuUsage();
  try {
    const found = JSON.stringify(await read(bytes));
    report.loaded++;
    if (checked && found !== originals[which]) report.silent.push(`mutation ${k}`);
  } catch (error) {
    report.refused++;
    if ((error as Error).name !== 'RoglabError') report.raw.push(`mutation ${k}: ${(error as Error).stack}`);
  }
  const { user, system } = process.cpuUsage(began);
  const seconds = (user + system) / 1e6;
  if (seconds > report.slowest) [report.slowest, report.slowestAt] = [seconds, `mutation ${k}`];
}
report.peak = process.resourceUsage().maxRSS / 1024;
rmSync(faultsFolder, { recursive: true, force: true });
process.send?.({ report }, () => process.disconnect());

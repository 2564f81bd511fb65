import { test } from 'node:test';
import { checkReport, fuzz } from './fuzz.js';
import { READERS } from './readers.js';
import { SEED } from './seed.js';

const COUNT = 2000;

for (const reader of Object.keys(READERS))
  test(`${reader}: ${COUNT} damaged files (ROGLAB_SEED=${SEED})`, { timeout: 300_000 }, async (t) => {
    const report = await fuzz(reader, SEED, COUNT);
    const { refused, loaded, slowest, peak } = report;
    t.diagnostic(`${refused} refused, ${loaded} read, slowest ${slowest.toFixed(2)} s, peak ${Math.round(peak)} MB`);
    checkReport(report);
  });

import { test } from 'node:test';
import { checkReport, fuzz } from './fuzz.js';
import { READERS } from './readers.js';
import { SEED } from './seed.js';

/** The short form; `npm run test:faults` gives every reader 2,000. */
const COUNT = 40;

for (const reader of Object.keys(READERS))
  test(`${reader}: ${COUNT} damaged files are refused or read, none hangs, crashes or loads in silence`, async () => {
    checkReport(await fuzz(reader, SEED, COUNT));
  });

import { test } from 'node:test';
import { temporaryFolder } from '../assets/temporary.js';
import { killAgain } from './killing.js';
import { KINDS } from './runs.js';
import { SEED } from './seed.js';

const folder = temporaryFolder();
const KILLS = 17; // six kinds of run: 102

for (const kind of Object.keys(KINDS))
  test(`${kind}: ${KILLS} kills, every resume ends with the bits of a run in one go`, {
    timeout: 600_000,
  }, async (t) => {
    t.diagnostic(await killAgain(kind, folder, KILLS, SEED));
  });

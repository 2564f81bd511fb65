import { test } from 'node:test';
import { temporaryFolder } from '../assets/temporary.js';
import { killAgain } from './killing.js';
import { SEED } from './seed.js';

const folder = temporaryFolder();

for (const kind of ['closed form', 'restarts'])
  test(`${kind}: killed twice it ends with the bits of one run (npm run test:faults: 100 kills)`, async () => {
    await killAgain(kind, folder, 2, SEED);
  });

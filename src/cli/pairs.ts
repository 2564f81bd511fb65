import { join } from 'node:path';
import { checkFilePlace } from '../assets/index.js';
import { real, text, whole } from '../core/option-table.js';
import { integer } from '../core/options.js';
import { openDataset } from '../data/index.js';
import { start } from '../engine/index.js';
import { pairsFolder } from '../making/restorer-pair-file.js';
import { makePairs } from '../making/restorer-pairs.js';
import { said } from './flags.js';
import { stopped, stopSignal } from './stop.js';

const TOLD = {
  about: 'attacks training images of CIFAR-10 and keeps what comes out, for training the restorer',
  flags: {
    minutes: real('how long; what is there already is continued', 45, { to: 10_000 }),
    data: text('default cifar10', 'NAME'),
    seed: whole('decides every attack', 1, { from: 0 }),
    part: text('this process makes every N-th attack from the K-th on (default 1/1); one file per part', 'K/N'),
    threads: whole('default all cores'),
    out: text(`default ${pairsFolder()}`, 'DIR'),
  },
};

/** `roglab pairs`: makes or continues a file of pairs. */
export async function command(args: string[]): Promise<number> {
  const flags = said('pairs', TOLD, args);
  if (!flags) return 0;
  const { minutes, seed, threads } = flags;
  const [part, parts] = (flags.part ?? '1/1').split('/').map(Number) as [number, number];
  integer('roglab pairs', '--part', parts, 1);
  integer('roglab pairs', '--part', part, 1, parts);
  const path = join(flags.out ?? pairsFolder(), `pairs-seed${seed}-${part}of${parts}.bin`);
  await checkFilePlace('roglab pairs', path, 2 ** 24);
  await start(threads ? { threads } : {});
  const dataset = await openDataset(flags.data ?? 'cifar10', { fallback: 'none' });
  const signal = stopSignal();
  const say = (text: string) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  const options = { path, minutes, seed, part: part - 1, parts, signal, onProgress: say };
  const count = await makePairs(dataset, options);
  console.log(`${count} pairs in ${path}`);
  return signal.aborted ? stopped(path) : 0;
}

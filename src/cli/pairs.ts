import { join } from 'node:path';
import { checkFilePlace } from '../assets/index.js';
import { integer, number, numeric } from '../core/options.js';
import { openDataset } from '../data/index.js';
import { start } from '../engine/index.js';
import { pairsFolder } from '../making/restorer-pair-file.js';
import { makePairs } from '../making/restorer-pairs.js';
import { readFlags } from './flags.js';

const HELP = `roglab pairs: attacks training images of CIFAR-10 and keeps what comes out, for training the restorer
  --minutes N    how long (default 45); what is there already is continued
  --data NAME    default cifar10
  --seed N       decides every attack (default 1)
  --part K/N     this process makes every N-th attack from the K-th on (default 1/1); one file per part
  --threads N    default: all cores
  --out DIR      default ${pairsFolder()}`;

/** `roglab pairs`: makes or continues a file of pairs. */
export async function command(args: string[]): Promise<number> {
  const flags = readFlags('pairs', args, {
    minutes: 'string',
    data: 'string',
    seed: 'string',
    part: 'string',
    threads: 'string',
    out: 'string',
  });
  if (flags.help) {
    console.log(HELP);
    return 0;
  }
  const [part, parts] = (flags.part ?? '1/1').split('/').map(Number) as [number, number];
  integer('roglab pairs', '--part', parts, 1);
  integer('roglab pairs', '--part', part, 1, parts);
  const minutes = number('roglab pairs', '--minutes', numeric(flags.minutes ?? '45'), 0, 10_000);
  const seed = integer('roglab pairs', '--seed', numeric(flags.seed ?? '1'), 0);
  const path = join(flags.out ?? pairsFolder(), `pairs-seed${seed}-${part}of${parts}.bin`);
  await checkFilePlace('roglab pairs', path, 2 ** 24);
  await start(flags.threads ? { threads: integer('roglab pairs', '--threads', numeric(flags.threads), 1) } : {});
  const dataset = await openDataset(flags.data ?? 'cifar10', { fallback: 'none' });
  const stopped = new AbortController();
  process.once('SIGINT', () => stopped.abort());
  const say = (text: string) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  const options = { path, minutes, seed, part: part - 1, parts, signal: stopped.signal, onProgress: say };
  const count = await makePairs(dataset, options);
  console.log(`${count} pairs in ${path}`);
  return 0;
}

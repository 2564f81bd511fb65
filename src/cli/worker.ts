import { cores } from '../core/cores.js';
import { problem } from '../core/errors.js';
import { integer, numeric } from '../core/options.js';
import { readFlags } from './flags.js';

const HELP = `roglab worker: computes cells of sweeps that "roglab sweep FILE --redis URL" puts on a Redis or Valkey
  --redis URL      redis://HOST:6379; with TLS and a password rediss://:PASSWORD@HOST:6379
  --concurrency N  cells at a time, each on one core (default one per core)
  --shared DIR     a folder that it shares with the coordinator, for images and weights
Ctrl-C: takes no more and ends when its cells are done; twice: gives them back to the queue.`;

/** `roglab worker`: serves until it is interrupted. */
export async function command(args: string[]): Promise<number> {
  const flags = readFlags('worker', args, { redis: 'string', concurrency: 'string', shared: 'string' });
  if (flags.help) {
    console.log(HELP);
    return 0;
  }
  if (!flags.redis) throw problem('roglab worker', 'needs --redis URL', undefined, 'e.g. redis://127.0.0.1:6379');
  const given = flags.concurrency === undefined ? cores() : numeric(flags.concurrency);
  const concurrency = integer('roglab worker', '--concurrency', given, 1, 256);
  const [gently, now] = [new AbortController(), new AbortController()];
  const onSignal = (): void => (gently.signal.aborted ? now : gently).abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const { serveCells } = await import('../sweeps/queue/serve-cells.js');
  await serveCells({
    redis: flags.redis,
    concurrency,
    signal: gently.signal,
    now: now.signal,
    onLine: console.error,
    ...(flags.shared && { shared: flags.shared }),
  });
  process.exit(0); // not held by a connection that is still being sought
}

import { cores } from '../core/cores.js';
import { problem } from '../core/errors.js';
import { text, whole } from '../core/option-table.js';
import { said } from './flags.js';

const TOLD = {
  about: 'computes cells of sweeps that "roglab sweep FILE --redis URL" puts on a Redis or Valkey',
  flags: {
    redis: text('redis://HOST:6379; with TLS and a password rediss://:PASSWORD@HOST:6379', 'URL'),
    concurrency: whole('cells at a time, each on one core (default one per core)', undefined, { to: 256 }),
    shared: text('a folder that it shares with the coordinator, for images and weights', 'DIR'),
  },
  after: 'Ctrl-C: takes no more and ends when its cells are done; twice: gives them back to the queue.',
};

/** `roglab worker`: serves until it is interrupted. */
export async function command(args: string[]): Promise<number> {
  const flags = said('worker', TOLD, args);
  if (!flags) return 0;
  const { redis, concurrency = cores(), shared } = flags;
  if (!redis) throw problem('roglab worker', 'needs --redis URL', undefined, 'e.g. redis://127.0.0.1:6379');
  const [gently, now] = [new AbortController(), new AbortController()];
  const onSignal = (): void => (gently.signal.aborted ? now : gently).abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const { serveCells } = await import('../sweeps/queue/serve-cells.js');
  await serveCells({
    redis,
    concurrency,
    signal: gently.signal,
    now: now.signal,
    onLine: console.error,
    ...(shared && { shared }),
  });
  process.exit(0); // not held by a connection that is still being sought
}

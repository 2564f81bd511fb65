import { Redis } from 'ioredis';
import { problem } from '../../core/errors.js';

/** A connection that waits for a Redis that is away, and says so. */
export interface Connection {
  readonly redis: Redis;
  /** A second one, for commands that block. */
  readonly twin: () => Redis;
  readonly close: () => void;
}

const SCHEMES: Readonly<Record<string, string>> = {
  'redis:': 'redis:',
  'rediss:': 'rediss:',
  'valkey:': 'redis:',
  'valkeys:': 'rediss:',
};

/** Where a URL points, without its password. */
export function placeOf(where: string, url: string): { readonly url: string; readonly place: string } {
  const form = 'a URL such as redis://HOST:6379, with TLS and a password rediss://:PASSWORD@HOST:6379';
  if (!URL.canParse(url)) throw problem(where, `--redis must be ${form}`);
  const parsed = new URL(url);
  const scheme = SCHEMES[parsed.protocol];
  if (!scheme || !parsed.hostname) throw problem(where, `--redis must be ${form}`, parsed.protocol);
  return {
    url: url.replace(/^\w+:/, scheme),
    place: `${parsed.hostname}:${parsed.port || 6379}`,
  };
}

/**
 * Connects to the Redis or Valkey of a URL. The first time it must be there; a connection that is lost later is sought
 * again for ever. Errors, in one line and without the password: nobody there, a password wrong or missing, no TLS, a
 * certificate that is not trusted.
 */
export async function connectRedis(
  where: string,
  given: string,
  onWaiting: (waiting?: string) => void = () => {},
): Promise<Connection> {
  const { url, place } = placeOf(where, given);
  let there = false;
  const options = {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    keepAlive: 5000,
    connectTimeout: 5000,
    retryStrategy: (times: number) => (there ? Math.min(2000, 100 * times) : null),
  };
  const redis = new Redis(url, options);
  const twins: Redis[] = [];
  let reason: Error | undefined;
  redis.on('error', (error) => {
    reason ??= error;
    if (there) onWaiting(`waiting for Redis at ${place}`);
  });
  redis.on('ready', () => onWaiting(undefined));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    throw refusal(where, place, reason ?? (error as Error));
  }
  there = true;
  const twin = (): Redis => {
    const other = new Redis(url, options);
    other.on('error', () => {});
    twins.push(other);
    return other;
  };
  const close = (): void => {
    for (const one of [redis, ...twins]) one.disconnect();
  };
  return { redis, twin, close };
}

/** Why a first connection failed, by what the error says. */
const REASONS: readonly (readonly [RegExp, string, string])[] = [
  [/WRONGPASS|invalid password|invalid username/i, 'refuses the password', 'check the URL'],
  [/NOAUTH|AUTH/, 'asks for a password', 'redis://:PASSWORD@HOST'],
  [/ENOTFOUND|EAI_AGAIN/, 'is not known by that name', 'check the URL'],
  [
    /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH/,
    'does not answer',
    'start redis-server there, or name another with --redis URL',
  ],
  [
    /certificate|self.signed|CERT_/i,
    'has a certificate that is not trusted',
    'NODE_EXTRA_CA_CERTS=FILE names its authority',
  ],
  [
    /ETIMEDOUT|Connection is closed|SSL|TLS|EPROTO|ECONNRESET|socket hang up/i,
    'does not answer as a Redis does',
    'check the address; rediss:// is for TLS, redis:// without',
  ],
];

function refusal(where: string, place: string, { message, code }: Error & { readonly code?: string }): Error {
  const text = `${code ?? ''} ${message}`;
  const [, what, fix] = REASONS.find(([pattern]) => pattern.test(text)) ?? [
    undefined,
    `gives an error (${message})`,
    undefined,
  ];
  return problem(where, `Redis at ${place} ${what}`, undefined, fix);
}

import { availableParallelism } from 'node:os';
import { problem } from '../core/errors.js';
import { checkOptions, integer, oneOf } from '../core/options.js';
import { type BackendName, backendNames, candidates } from './backends/table.js';
import { onnxAvailable } from './compiled/session.js';
import { setBackend } from './tf.js';

export interface StartOptions {
  /** Which tensorflow.js backend. Default: the first of tensorflow-gpu, tensorflow, wasm, cpu that loads. */
  readonly backend?: BackendName;
  /** Compiled steps on ONNX Runtime: 'auto' (default) where it loads, 'on' or an error, 'off'. */
  readonly compiled?: 'auto' | 'on' | 'off';
  /** Threads of a compiled step. Default: all cores. */
  readonly threads?: number;
}

/** What computes, and why nothing better does. */
export interface Session {
  readonly backend: BackendName;
  readonly compiled: boolean;
  readonly threads: number;
  /** Why each better engine was not taken. */
  readonly reasons: readonly string[];
  /** One readable sentence. */
  readonly line: string;
}

let current: { key: string; session: Promise<Session> } | undefined;
let settled: Session | undefined;

/** The session of the last start() that succeeded, or undefined. */
export const currentSession = (): Session | undefined => settled;

/**
 * Picks and starts the compute engine. Calling it again without options, or with the same, returns the same session;
 * with other options it switches. The environment wins over options: ROGLAB_BACKEND names the backend,
 * ROGLAB_ENGINE=compiled|eager says whether steps are compiled.
 * Errors: a backend that is unknown or does not load (the message lists all, and why), ONNX Runtime asked for and absent.
 * @example const session = await start(); session.line
 */
export function start(options: StartOptions = {}): Promise<Session> {
  const request = resolve(options);
  const key = JSON.stringify(request);
  const open = Object.keys(options).length === 0 && !process.env.ROGLAB_BACKEND && !process.env.ROGLAB_ENGINE;
  if (current && (current.key === key || open)) return current.session;
  const session = begin(request);
  current = { key, session };
  session.then(
    (value) => {
      settled = value;
    },
    () => {
      current = undefined;
    },
  );
  return session;
}

interface Request {
  readonly backend?: BackendName;
  readonly compiled: 'auto' | 'on' | 'off';
  readonly threads: number;
}

function resolve(options: StartOptions): Request {
  checkOptions('start', options, ['backend', 'compiled', 'threads']);
  const { ROGLAB_BACKEND, ROGLAB_ENGINE } = process.env;
  const named = ROGLAB_BACKEND || options.backend;
  const backend = named && oneOf('start', ROGLAB_BACKEND ? 'ROGLAB_BACKEND' : 'backend', named, backendNames);
  const compiled = ROGLAB_ENGINE
    ? oneOf('start', 'ROGLAB_ENGINE', ROGLAB_ENGINE, ['compiled', 'eager']) === 'compiled'
      ? 'on'
      : 'off'
    : oneOf('start', 'compiled', options.compiled ?? 'auto', ['auto', 'on', 'off']);
  const threads = integer('start', 'threads', options.threads ?? availableParallelism(), 1, 1024);
  return { backend: backend || undefined, compiled, threads };
}

async function begin({ backend: forced, compiled: wish, threads }: Request): Promise<Session> {
  const reasons: string[] = [];
  const onnx = wish === 'off' ? { ok: false, why: 'switched off' } : onnxAvailable();
  if (wish === 'on' && !onnx.ok) throw problem('start', `compiled steps need ONNX Runtime: ${onnx.why}`);
  if (!onnx.ok) reasons.push(`compiled steps: ${onnx.why}`);
  const backend = forced ? await take(forced) : await takeFirst(reasons);
  return { backend, compiled: onnx.ok, threads, reasons, line: describe(backend, onnx.ok, threads, reasons) };
}

function describe(backend: BackendName, compiled: boolean, threads: number, reasons: readonly string[]): string {
  const eager = `tensorflow.js on ${backend}`;
  const what = compiled
    ? `compiled steps on ONNX Runtime ${onnxAvailable().version} (${threads} ${threads === 1 ? 'thread' : 'threads'}), ${eager} for the rest`
    : eager;
  return `engine: ${what}${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}`;
}

async function takeFirst(reasons: string[]): Promise<BackendName> {
  for (const name of backendNames) {
    const why = await activate(name);
    if (why === undefined) return name;
    reasons.push(`${name}: ${why}`);
  }
  throw problem('start', `no backend starts: ${reasons.join('; ')}`);
}

async function take(name: BackendName): Promise<BackendName> {
  const why = await activate(name);
  if (why === undefined) return name;
  const others = await backends();
  const list = others.map((b) => (b.available ? b.name : `${b.name} (no: ${b.why})`)).join(', ');
  throw problem('start', `the backend ${name} does not start: ${why}`, undefined, `available: ${list}`);
}

/** Loads a backend and makes it the current one; the reason if that fails. */
async function activate(name: BackendName): Promise<string | undefined> {
  const why = await loads(name);
  if (why !== undefined) return why;
  return (await setBackend(candidates[name].registered)) ? undefined : 'does not initialise';
}

async function loads(name: BackendName): Promise<string | undefined> {
  try {
    await candidates[name].load();
    return undefined;
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    return line!.replace(/^@tensorflow\/[\w-]+: /, '');
  }
}

/** Every backend, whether it loads here, and why not. For `doctor`. */
export async function backends(): Promise<{ name: BackendName; available: boolean; why: string }[]> {
  const list = [];
  for (const name of backendNames) {
    const why = await loads(name);
    list.push({ name, available: why === undefined, why: why ?? '' });
  }
  return list;
}

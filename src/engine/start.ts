import { cores } from '../core/cores.js';
import { problem } from '../core/errors.js';
import { checkOptions, integer, oneOf } from '../core/options.js';
import { counted } from '../core/units.js';
import { BACKEND_NAMES, type BackendName, candidates } from './backends/backends.js';
import { isCard, PROVIDER_NAMES, type ProviderName } from './compiled/provider-names.js';
import { onnxAvailable } from './compiled/runtime.js';
import { setTf32 } from './native.js';
import { checkProvider } from './providers.js';
import { setBackend } from './tf.js';

/** Options of {@link start}. */
export interface StartOptions {
  /** Which tensorflow.js backend. Default: the first of tensorflow-gpu, tensorflow, wasm, cpu that loads. */
  readonly backend?: BackendName;
  /** Compiled steps on ONNX Runtime: 'auto' (default) where it loads, 'on' or an error, 'off'. */
  readonly compiled?: 'auto' | 'on' | 'off';
  /** Threads of a compiled step. Default: all cores, or ROGLAB_CORES of them. */
  readonly threads?: number;
  /** What ONNX Runtime runs compiled steps on: cpu (default), or a GPU through cuda, tensorrt, webgpu, coreml, dml. */
  readonly provider?: ProviderName;
  /**
   * Whether NVIDIA's libraries may round the factors of products to 10 bits (TensorFloat-32): faster, gradients 1 to 5
   * % off. Default false. Decided before the first step on a GPU; for worker threads by ROGLAB_TF32=1 before the
   * process starts.
   */
  readonly tf32?: boolean;
  /**
   * Attacks of one shape that run side by side in one thread and take their steps together, in one graph: up to so
   * many. Default 1 on the processor (each alone), 8 on a card, where they wait for launches.
   */
  readonly stack?: number;
}

/** What computes, and why nothing better does. */
export interface Session {
  readonly backend: BackendName;
  readonly compiled: boolean;
  readonly threads: number;
  /** ONNX Runtime's execution provider of the compiled steps. */
  readonly provider: ProviderName;
  /** Attacks that take their steps together. */
  readonly stack: number;
  /** Why each better engine was not taken. */
  readonly reasons: readonly string[];
  /** One readable sentence. */
  readonly line: string;
}

setTf32(process.env.ROGLAB_TF32 === '1'); // when this is imported: a worker thread, which cannot, may start first

let current: { key: string; session: Promise<Session> } | undefined;
let settled: Session | undefined;

/** The session of the last start() that succeeded, or undefined. */
export const currentSession = (): Session | undefined => settled;

/** Whether compiled steps run on a card. */
export const computesOnCard = (): boolean => isCard(settled?.provider ?? 'cpu');

/**
 * Picks and starts the compute engine. Calling it again without options, or with the same, returns the same session;
 * with other options it switches. The environment wins over options: ROGLAB_BACKEND names the backend,
 * ROGLAB_ENGINE=compiled|eager says whether steps are compiled, ROGLAB_PROVIDER names the execution provider.
 * ROGLAB_TF32=1 stands for `tf32`.
 * @throws a backend that is unknown or does not load (the message lists all, and why), ONNX Runtime asked for and
 * absent, a provider that does not open a session here (the message says why, and which do) or whose gradients are more
 * than 1e-4 from the processor's (the message says how far): none is replaced in silence
 * @example const session = await rog.start(); session.line
 */
export function start(options: StartOptions = {}): Promise<Session> {
  const request = resolve(options);
  const key = JSON.stringify(request);
  const { ROGLAB_BACKEND, ROGLAB_ENGINE, ROGLAB_PROVIDER } = process.env;
  const open = Object.keys(options).length === 0 && !(ROGLAB_BACKEND || ROGLAB_ENGINE || ROGLAB_PROVIDER);
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
  readonly provider: ProviderName;
  readonly tf32: boolean;
  readonly stack: number;
}

const STACK = { processor: 1, card: 8 };

function resolve(options: StartOptions): Request {
  checkOptions('start', options, ['backend', 'compiled', 'threads', 'provider', 'tf32', 'stack']);
  const { ROGLAB_BACKEND, ROGLAB_ENGINE, ROGLAB_PROVIDER } = process.env;
  const named = ROGLAB_BACKEND || options.backend;
  const backend = named && oneOf('start', ROGLAB_BACKEND ? 'ROGLAB_BACKEND' : 'backend', named, BACKEND_NAMES);
  const compiled = ROGLAB_ENGINE
    ? oneOf('start', 'ROGLAB_ENGINE', ROGLAB_ENGINE, ['compiled', 'eager']) === 'compiled'
      ? 'on'
      : 'off'
    : oneOf('start', 'compiled', options.compiled ?? 'auto', ['auto', 'on', 'off']);
  const threads = integer('start', 'threads', options.threads ?? cores(), 1, 1024);
  const wanted = ROGLAB_PROVIDER || (options.provider ?? 'cpu');
  const provider = oneOf('start', ROGLAB_PROVIDER ? 'ROGLAB_PROVIDER' : 'provider', wanted, PROVIDER_NAMES);
  const { tf32 = process.env.ROGLAB_TF32 === '1' } = options;
  if (typeof tf32 !== 'boolean') throw problem('start', 'tf32 must be true or false', tf32);
  const own = isCard(provider) ? STACK.card : STACK.processor;
  const stack = integer('start', 'stack', options.stack ?? own, 1, 256);
  return { backend: backend || undefined, compiled, threads, provider, tf32, stack };
}

const NVIDIA: readonly ProviderName[] = ['cuda', 'tensorrt'];

async function begin({ backend: forced, compiled: wish, threads, provider, tf32, stack }: Request): Promise<Session> {
  const reasons: string[] = [];
  const onnx = wish === 'off' ? { ok: false, why: 'switched off' } : onnxAvailable();
  if (!setTf32(tf32) && NVIDIA.includes(provider)) {
    const fix = `set ROGLAB_TF32=${+tf32} before the process starts`;
    throw problem('start', 'a worker thread cannot choose tf32', tf32, fix);
  }
  if (wish === 'on' && !onnx.ok) throw problem('start', `compiled steps need ONNX Runtime: ${onnx.why}`);
  if (provider !== 'cpu') {
    if (!onnx.ok) throw problem('start', `the provider ${provider} runs compiled steps only: ${onnx.why}`);
    await checkProvider('start', provider, tf32);
  }
  if (!onnx.ok) reasons.push(`compiled steps: ${onnx.why}`);
  const backend = forced ? await take(forced) : await takeFirst(reasons);
  const session = { backend, compiled: onnx.ok, threads, provider, stack, reasons };
  return { ...session, line: describe(session) };
}

/** Where a compiled step computes: its threads, or the provider that is not the processor. */
export const runsOn = (provider: ProviderName, threads: number): string =>
  provider === 'cpu' ? counted(threads, 'thread') : provider;

function describe({ backend, compiled, threads, provider, reasons }: Omit<Session, 'line'>): string {
  const eager = `tensorflow.js on ${backend}`;
  const what = compiled
    ? `compiled steps on ONNX Runtime ${onnxAvailable().version} (${runsOn(provider, threads)}), ${eager} for the rest`
    : eager;
  return `engine: ${what}${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}`;
}

async function takeFirst(reasons: string[]): Promise<BackendName> {
  for (const name of BACKEND_NAMES) {
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
  for (const name of BACKEND_NAMES) {
    const why = await loads(name);
    list.push({ name, available: why === undefined, why: why ?? '' });
  }
  return list;
}

import { randomBytes } from 'node:crypto';

/** One output in several forms; a front end shows the richest form it knows. Bytes are sent as base64. */
export interface MimeBundle {
  readonly 'text/plain': string;
  readonly [mime: string]: unknown;
}

/** How `display` shows a bundle. */
export interface DisplayOptions {
  /** Per MIME type, e.g. `{ 'image/png': { width: 300 } }` (CSS pixels). */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

interface Jupyter {
  lastWriteDisplayData: Write | null;
  ZmqServer: { prototype: { publishStatus: (...args: unknown[]) => unknown; [cured]?: true } };
}

const cured = Symbol.for('roglab.sendTimeout');

/** The kernel's own module, by its require cache: tslab's public display cannot send or update several MIME types. */
function kernel(): Jupyter | undefined {
  const tslab = (globalThis as { __tslab__?: { require: { cache: Record<string, { exports: Jupyter }> } } }).__tslab__;
  if (!tslab) return undefined;
  const key = Object.keys(tslab.require.cache).find((path) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(path));
  return key === undefined ? undefined : tslab.require.cache[key]!.exports;
}

type Write = (message: object, update: boolean) => void;

/** What Deno's kernel offers to every library (https://docs.deno.com/runtime/reference/cli/jupyter). */
interface Deno {
  readonly jupyter?: { readonly broadcast: (type: string, content: object) => Promise<void> };
}

function denoWrite(): Write | undefined {
  try {
    const jupyter = (globalThis as { Deno?: Deno }).Deno?.jupyter;
    return jupyter && ((message, update) => void jupyter.broadcast(`${update ? 'update_' : ''}display_data`, message));
  } catch {
    return undefined; // it throws outside the kernel
  }
}

/** True inside a tslab kernel or Deno's. */
export const inKernel = (): boolean => kernel() !== undefined || denoWrite() !== undefined;

/** True when nobody watches: `roglab run` sets ROGLAB_HEADLESS. */
export const isHeadless = (): boolean => Boolean(process.env.ROGLAB_HEADLESS);

/**
 * Keeps output that comes in bursts. zeromq.js defers every 513th send, and the next send before the event loop turns
 * throws EBUSY: log lines vanish, displays throw in the user's code. A zero send timeout makes every send immediate.
 * The socket is first seen when the kernel publishes its status, at the end of the cell that loads roglab.
 */
export function keepBursts(): void {
  const server = kernel()?.ZmqServer.prototype;
  if (!server || server[cured]) return;
  const publish = server.publishStatus;
  server.publishStatus = function (this: { iopub?: { sendTimeout: number } }, ...args: unknown[]) {
    if (this.iopub) this.iopub.sendTimeout = 0;
    return publish.apply(this, args);
  };
  server[cured] = true;
}

/**
 * Shows one output under the running cell; outside a kernel prints its text.
 * @example display({ 'text/plain': '42', 'text/html': '<b>42</b>' })
 */
export function display(bundle: MimeBundle, options: DisplayOptions = {}): void {
  displaySlot()(bundle, options);
}

/**
 * One output that later calls replace in place. Outside a kernel every call prints.
 * @example const show = displaySlot(); show({ 'text/plain': 'started' }); show({ 'text/plain': 'done' });
 */
export function displaySlot(): (bundle: MimeBundle, options?: DisplayOptions) => void {
  const transient = { display_id: randomBytes(8).toString('hex') };
  let update = false;
  return (bundle, { metadata = {} } = {}) => {
    const write = kernel()?.lastWriteDisplayData ?? denoWrite();
    if (!write) {
      process.stdout.write(`${bundle['text/plain']}\n`);
      return;
    }
    keepBursts();
    write({ data: encode(bundle), metadata, transient }, update);
    update = true;
  };
}

function encode(bundle: MimeBundle): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(bundle).map(([mime, value]) => [
      mime,
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    ]),
  );
}

keepBursts();

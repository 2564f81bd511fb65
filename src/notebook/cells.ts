import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import { type Gathered, gather } from './gather.js';

type Write = typeof process.stdout.write;

interface Executor {
  execute: (code: string) => Promise<boolean>;
  interrupt: () => void;
}

interface Printer {
  readonly log: (...values: unknown[]) => void;
  readonly error: (...values: unknown[]) => void;
}

/** What we need of tslab's modules. */
export interface Tslab {
  readonly executor: { createExecutor: (root: string, converters: object, printer: Printer) => Executor };
  readonly jupyter: {
    lastWriteDisplayData: ((message: object, update: boolean) => void) | null;
    readonly ZmqServer: { readonly prototype: { publishStatus: (status: string, parent: Request) => void } };
  };
}

interface Request {
  readonly header: { readonly msg_type: string };
}

/** One run of a cell. */
interface Cell {
  ended: boolean;
  flush: () => void;
}

/**
 * Gives every cell output of its own. What it prints in a burst leaves in few messages. Once it is interrupted it is
 * over: tslab gives it back at once but cannot stop its promise, which would go on printing and drawing into the next
 * cells; what such a promise still writes is dropped. The stack of an error ends where the cell does.
 */
export function tendCells({ executor, jupyter }: Tslab): void {
  const { createExecutor } = executor;
  const cells = new AsyncLocalStorage<Cell>();
  const over = (): boolean => cells.getStore()?.ended ?? false;
  /** tslab has just put the cell's own functions into place. */
  const begin = (): Cell => {
    const { stdout, stderr } = process;
    const [out, err] = [stdout.write.bind(stdout), stderr.write.bind(stderr)];
    const show = jupyter.lastWriteDisplayData;
    const outs: Gathered = gather(out, () => errs.flush());
    const errs: Gathered = gather(err, () => outs.flush());
    const flush = (): void => {
      outs.flush();
      errs.flush();
    };
    stdout.write = ((chunk: string) => over() || outs.write(chunk)) as Write;
    stderr.write = ((chunk: string) => over() || errs.write(chunk)) as Write;
    jupyter.lastWriteDisplayData = (message, update) => {
      if (over()) return;
      flush();
      show?.(message, update);
    };
    return { ended: false, flush };
  };
  executor.createExecutor = (root, converters, printer) => {
    let running: Cell | undefined;
    const made = createExecutor(root, converters, {
      log: printer.log,
      error: (...values) => cells.exit(() => printer.error(...values.map(shorter))),
    });
    const { execute, interrupt } = made;
    made.execute = async (code) => {
      const cell = begin();
      running = cell;
      try {
        return await cells.run(cell, () => execute(code));
      } finally {
        cell.flush();
      }
    };
    made.interrupt = () => {
      if (running) running.ended = true;
      interrupt();
    };
    return made;
  };
}

/**
 * Says again that the kernel is busy when it has answered something else while a cell runs: tslab's word that it is
 * idle after each completion, say, would make the page show a kernel at rest.
 */
export function stayBusy({ jupyter }: Tslab): void {
  const { prototype } = jupyter.ZmqServer;
  const { publishStatus } = prototype;
  const running = new Set<Request>();
  prototype.publishStatus = function (status, parent) {
    if (parent.header.msg_type === 'execute_request') running[status === 'idle' ? 'delete' : 'add'](parent);
    publishStatus.call(this, status, parent);
    const [cell] = running;
    if (cell && status === 'idle') publishStatus.call(this, 'busy', cell);
  };
}

/** The kernel's own frames, below those of the cell, say nothing to its writer. */
const FOREIGN = /^\s+at .*(node:|[\\/]tslab[\\/]dist[\\/]|[\\/]notebook[\\/]cells\.js|AsyncLocalStorage)/;

function shorter(value: unknown): unknown {
  if (!(value instanceof Error) || process.env.ROGLAB_DEBUG) return value;
  const { code } = value as NodeJS.ErrnoException;
  if (value.message === 'Interrupted asynchronously' || code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED')
    return 'Interrupted.';
  const lines = inspect(value).split('\n');
  return lines.filter((line) => !FOREIGN.test(line)).join('\n');
}

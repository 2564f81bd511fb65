import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';

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
  readonly jupyter: { lastWriteDisplayData: ((message: object, update: boolean) => void) | null };
}

/**
 * Makes an interrupted cell final. tslab gives it back at once but cannot stop its promise, which would go on printing and
 * drawing into the next cells; what such a promise still writes is dropped, and the stack of the kernel's own files is one line.
 */
export function endInterrupted({ executor, jupyter }: Tslab): void {
  const { createExecutor } = executor;
  const cells = new AsyncLocalStorage<{ ended: boolean }>();
  const over = (): boolean => cells.getStore()?.ended ?? false;
  const guard = (stream: NodeJS.WriteStream): void => {
    const write = stream.write;
    stream.write = ((...args: Parameters<Write>) => over() || write.apply(stream, args)) as Write;
  };
  executor.createExecutor = (root, converters, printer) => {
    let running = { ended: false };
    const made = createExecutor(root, converters, {
      log: printer.log,
      error: (...values) => cells.exit(() => printer.error(...values.map(shorter))),
    });
    const { execute, interrupt } = made;
    made.execute = (code) => {
      const cell = { ended: false };
      running = cell;
      guard(process.stdout);
      guard(process.stderr);
      const show = jupyter.lastWriteDisplayData;
      jupyter.lastWriteDisplayData = (message, update) => {
        if (!over()) show?.(message, update);
      };
      return cells.run(cell, () => execute(code));
    };
    made.interrupt = () => {
      running.ended = true;
      interrupt();
    };
    return made;
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

import type { RunEvent } from '../../notebook/index.js';

/** One line per finished cell; on a terminal per finished notebook, and one, rewritten, of those at work. */
export function lineWriter(
  write: (text: string) => void = (text) => void process.stdout.write(text),
  terminal: boolean = process.stdout.isTTY,
): (event: RunEvent) => void {
  const atWork = new Map<string, string>();
  return (event) => {
    const { name, state, cell, seconds, stderr } = event;
    const ended = state === 'done' || state === 'failed';
    const line =
      `${name.padEnd(34)} ${whatOf(event).padEnd(16)} ${seconds.toFixed(1).padStart(6)} ` +
      `s${state === 'failed' ? '  FAILED' : ''}`;
    const noise = stderr && state === 'cell' ? `  ${name} cell ${cell} wrote to stderr: ${firstLine(stderr)}\n` : '';
    if (!terminal) return state === 'start' ? undefined : write(`${line}\n${noise}`);
    atWork.delete(name);
    if (!ended) atWork.set(name, `${name.slice(0, 22)} ${whatOf(event)} ${seconds.toFixed(0)} s`);
    write(`\r\u001b[K${noise}${ended ? `${line}\n` : ''}${[...atWork.values()].join(' | ').slice(0, 110)}`);
  };
}

/** What a notebook does, in a few words. */
export const whatOf = ({ state, cell, cells }: RunEvent): string =>
  state === 'start' ? 'starting' : state === 'done' ? `done, ${cells} cells` : `cell ${cell}/${cells}`;

export const firstLine = (text: string): string => {
  const line = text.trim().split('\n')[0]!;
  return line.length > 140 ? `${line.slice(0, 139)}…` : line;
};

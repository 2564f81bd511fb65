import { type Checkpoint, type HeldCheckpoint, holdCheckpoint } from '../../assets/index.js';
import type { HistoryPoint, NamedArray, NdArray } from '../../core/types.js';
import type { SearchState } from './minimise.js';

type Settings = Checkpoint['settings'];

/** Holds a checkpoint file, where there is one, for the steps of an attack. @throws those of holdCheckpoint */
export async function* holding<Y, R>(
  path: string | undefined,
  steps: (held?: HeldCheckpoint) => AsyncGenerator<Y, R>,
): AsyncGenerator<Y, R> {
  const held = path === undefined ? undefined : await holdCheckpoint(path);
  try {
    return yield* steps(held);
  } finally {
    await held?.release();
  }
}

/** Writes the state of a search, with the settings that it belongs to. */
export async function saveSearch(held: HeldCheckpoint, settings: Settings, state: SearchState): Promise<void> {
  const { latent, logits, anchor, optimizer, best, history, restart, stage, step, seconds, converged } = state;
  const arrays: NamedArray[] = [
    { name: 'latent', ...latent },
    { name: 'best', ...best.images },
    ...(logits ? [{ name: 'logits', ...logits }] : []),
    ...(anchor ? [{ name: 'anchor', ...anchor }] : []),
    ...(best.logits ? [{ name: 'best logits', ...best.logits }] : []),
    ...Object.entries(optimizer.arrays).map(([name, data]) => ({
      name: `${PREFIX}${name}`,
      shape: [data.length],
      data,
    })),
  ];
  const numbers = {
    restart,
    stage,
    step,
    seconds,
    converged,
    history,
    objective: best.objective,
    optimizer: optimizer.numbers,
  };
  await held.save({ settings, state: { arrays, numbers } });
}

/** The state that a file holds, or undefined when there is none. @throws those of loadCheckpoint */
export async function loadSearch(held: HeldCheckpoint, settings: Settings): Promise<SearchState | undefined> {
  const loaded = await held.load(settings);
  if (!loaded) return undefined;
  const { arrays, numbers } = loaded;
  const array = (name: string): NdArray | undefined => {
    const found = arrays.find((a) => a.name === name);
    return found && { shape: found.shape, data: found.data };
  };
  const remembered = arrays
    .filter(({ name }) => name.startsWith(PREFIX))
    .map(({ name, data }) => [name.slice(PREFIX.length), data] as const);
  return {
    restart: numbers.restart as number,
    stage: numbers.stage as number,
    step: numbers.step as number,
    latent: array('latent')!,
    logits: array('logits'),
    anchor: array('anchor'),
    optimizer: { arrays: Object.fromEntries(remembered), numbers: numbers.optimizer as Record<string, number> },
    best: { objective: numbers.objective as number, images: array('best')!, logits: array('best logits') },
    history: numbers.history as HistoryPoint[],
    seconds: numbers.seconds as number,
    converged: numbers.converged as boolean,
  };
}

const PREFIX = 'optimizer ';

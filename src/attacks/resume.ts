import { loadCheckpoint, saveCheckpoint } from '../assets/index.js';
import type { HistoryPoint, NamedArray, NdArray } from '../core/types.js';
import type { SearchState } from './minimise.js';

type Settings = Readonly<Record<string, unknown>>;

/** Writes the state of a search, with the settings that it belongs to. */
export async function saveSearch(path: string, settings: Settings, state: SearchState): Promise<void> {
  const { latent, logits, optimizer, best, history, restart, stage, step, seconds, converged } = state;
  const arrays: NamedArray[] = [
    { name: 'latent', ...latent },
    { name: 'best', ...best.images },
    ...(logits ? [{ name: 'logits', ...logits }] : []),
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
    ...{ optimizer: optimizer.numbers },
  };
  await saveCheckpoint(path, { settings, state: { arrays, numbers } });
}

/** The state that a file holds, or undefined when there is none. Errors: those of loadCheckpoint. */
export async function loadSearch(path: string, settings: Settings): Promise<SearchState | undefined> {
  const loaded = await loadCheckpoint(path, settings);
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
    optimizer: {
      arrays: Object.fromEntries(remembered),
      numbers: numbers.optimizer as Record<string, number>,
    },
    best: { objective: numbers.objective as number, images: array('best')!, logits: array('best logits') },
    history: numbers.history as HistoryPoint[],
    seconds: numbers.seconds as number,
    converged: numbers.converged as boolean,
  };
}

const PREFIX = 'optimizer ';

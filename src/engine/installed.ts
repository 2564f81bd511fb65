/** Engines that `roglab engine add` installed: each in its folder beside the project, used when it is whole. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';

const require = createRequire(import.meta.url);

/** Names of the engines that are not part of the package. */
export const ADDED_ENGINES = ['tensorflow', 'tensorflow-gpu', 'cuda', 'webgpu'] as const;
export type AddedEngine = (typeof ADDED_ENGINES)[number];

/** ROGLAB_ENGINES, else `.engines` in the project (the user's, where roglab is a dependency). Not created here. */
export function enginesFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.ROGLAB_ENGINES) return resolve(env.ROGLAB_ENGINES);
  const root = dirname(require.resolve('roglab/package.json'));
  const at = root.indexOf(`${sep}node_modules${sep}`);
  return join(at < 0 ? root : root.slice(0, at), '.engines');
}

/** The file that says that an engine is whole. */
export const readyMark = (engine: AddedEngine): string => join(enginesFolder(), engine, 'ready');

/** Loads a package from an added engine, or, where that is not there, from beside roglab. @throws those of `require` */
export function requireFrom(engine: AddedEngine): NodeJS.Require {
  const mark = readyMark(engine);
  return existsSync(mark) ? createRequire(mark) : require;
}

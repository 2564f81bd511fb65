import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * The folder of downloaded files: ROGLAB_CACHE, else XDG_CACHE_HOME/roglab, else the system's place for caches
 * (`~/.cache/roglab`, on macOS `~/Library/Caches/roglab`, on Windows `%LOCALAPPDATA%\roglab`). Not created here.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  const { ROGLAB_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = environment;
  if (ROGLAB_CACHE) return resolve(ROGLAB_CACHE);
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'roglab');
  if (platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'roglab');
  return join(homedir(), platform === 'darwin' ? 'Library/Caches' : '.cache', 'roglab');
}

import { oneOf } from '../core/options.js';

/** How much work a notebook does: `quick` for a first look in minutes, `paper` for the paper's sizes. */
export type Profile = 'quick' | 'paper';

/** The profile named by the environment variable ROGLAB_PROFILE; `quick` when it is not set. */
export const profileName = (): Profile =>
  oneOf('profile', 'ROGLAB_PROFILE', process.env.ROGLAB_PROFILE || 'quick', ['quick', 'paper']);

/**
 * The settings of the running profile.
 * @example
 * const { images, iterations } = rog.profile(
 *   { quick: { images: 4, iterations: 100 }, paper: { images: 64, iterations: 200 } })
 */
export const profile = <T>(settings: Readonly<Record<Profile, T>>): T => settings[profileName()];

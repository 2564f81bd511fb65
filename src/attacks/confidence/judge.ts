import { isDeepStrictEqual as isSame } from 'node:util';
import type { AttackSteps, Observation } from '../../core/types.js';
import { type Note, yardstick } from '../choose/yardstick.js';
import { expectedSsim } from './expected.js';
import { signsOf, type Unexplained } from './signs.js';

/**
 * The steps of an attack, with the confidence of every picture that they end with: three simulations of the client.
 * @param notes what the attack has measured of this observation by then, which is not measured again
 */
export async function* judged(observation: Observation, steps: AttackSteps, notes: readonly Note[] = []): AttackSteps {
  const result = yield* steps;
  const began = performance.now();
  const rule = yardstick(observation, result.labels);
  const unexplained: Unexplained = async (images, labels) =>
    notes.find((note) => isSame(note.images, images) && isSame(note.labels, labels)) ?? rule(images, labels);
  const signs = await signsOf(observation, result, unexplained);
  return { ...result, confidence: expectedSsim(signs), seconds: result.seconds + (performance.now() - began) / 1000 };
}

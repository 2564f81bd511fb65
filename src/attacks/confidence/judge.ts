import type { AttackSteps, Observation } from '../../core/types.js';
import { yardstick } from '../choose/yardstick.js';
import { expectedSsim } from './expected.js';
import { signsOf } from './signs.js';

/** The steps of an attack, with the confidence of every picture that they end with: three simulations of the client. */
export async function* judged(observation: Observation, steps: AttackSteps): AttackSteps {
  const result = yield* steps;
  const began = performance.now();
  const signs = await signsOf(observation, result, yardstick(observation, result.labels));
  return { ...result, confidence: expectedSsim(signs), seconds: result.seconds + (performance.now() - began) / 1000 };
}

import { EXACT } from '../../core/evidence.js';
import type { Observation } from '../../core/types.js';
import { hasKinks } from '../../models/index.js';
import { isFinelyRounded } from '../search/fine.js';
import { isAsGoodAsNone } from '../search/objectives.js';
import { seesAll } from './sees-all.js';

/**
 * The observation, rounding that is as good as none taken for none: behind kinks a search ends further from the update
 * than fp16, bf16 and ten bits do. LeNet, eight photographs of 64x64, two batches of each: 27.9 dB -> 30.6, the closed
 * form's pictures need no polish; CIFAR-10, bf16, three seeds of one and of four images: LeNet 3.1 and 2.1 dB nearer,
 * VGG-7 1.7 and 1.5, group norm .6 and .1, Flower's network .8 and .7 further.
 */
export const asSent = (observation: Observation): Observation =>
  hasKinks(observation.model) && !seesAll(observation) && isFinelyRounded(observation) && isAsGoodAsNone(observation)
    ? { ...observation, obfuscation: { ...observation.obfuscation, evidence: observation.tensors.map(() => EXACT) } }
    : observation;

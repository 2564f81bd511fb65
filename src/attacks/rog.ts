import { setImmediate as turn } from 'node:timers/promises';
import { problem } from '../core/errors.js';
import { flag, type Option, type OptionTable, real, whole, word } from '../core/option-table.js';
import type { AttackSteps, Observation, Reconstruction } from '../core/types.js';
import { chosen } from './choose/choose.js';
import { coarseToFine, paper } from './choose/recipes.js';
import type { Note } from './choose/yardstick.js';
import { solving } from './closed-form/closed-form.js';
import { judged } from './confidence/judge.js';
import { POSTPROCESS_OPTIONS, type PostprocessOptions, postprocessed } from './restore.js';
import { type Needs, opened, taken } from './search/needs.js';
import { type AnyObjective, OBJECTIVES, type ObjectiveName } from './search/objectives.js';
import { PRIORS, type PriorName } from './search/priors.js';
import { RUN_OPTIONS, type RunOptions, runRecipe } from './search/recipe.js';
import { finish } from './search/run-search.js';

/** Options of {@link rog}. */
export interface RogOptions extends RunOptions, PostprocessOptions {
  /** `default` (default): coarse to fine, box, TV, an objective that knows phi. `paper`: the published numbers. */
  readonly preset?: 'default' | 'paper';
  /**
   * `auto` (default): what measures best by all that the server knows, see chosen(): `settings.race` tells what was
   * tried. The closed form is left out where an option is given that only matching has: objective, simulate, restarts.
   * `matching`: gradient matching with the numbers tuned on LeNet. `closed-form`: see closedForm(). The preset `paper`
   * always matches.
   */
  readonly method?: 'auto' | 'matching' | 'closed-form';
  /**
   * Objective-and-gradient evaluations of the attack that is taken; default 200, `paper` 100. What was tried besides is
   * counted in the result's closures; with fewer than 50 nothing is.
   */
  readonly iterations?: number;
  /**
   * How to compare updates; default: the one that fits phi (paper: l2). Or a function of your own of (simulated,
   * received), each a list of tensors in the order of the model's parameters, that gives one number to make small;
   * pyramid, prior and optimizer stay.
   */
  readonly objective?: AnyObjective;
  /** Prior on the pictures; default `colorTv`. */
  readonly prior?: PriorName;
  /** Weight of the prior beside the objective; default by objective (paper: 0). */
  readonly weight?: number;
  /** How the client is modelled; default `auto`: `steps` where the weights moved, see simulation() (paper: steps). */
  readonly simulate?: 'auto' | 'steps' | 'direction';
  /** Whether the objective knows phi; default true (paper: false, what was received counts as the update itself). */
  readonly defenseAware?: boolean;
}

export const ROG_NEEDS: Needs = { labels: 'readable' };

const NAMED = word('how updates are compared (the one that fits phi)', Object.keys(OBJECTIVES) as ObjectiveName[]);

/** A name, or a function. */
const NAMED_OR_OWN = {
  ...NAMED,
  check: (where: string, name: string, value: unknown): void => {
    if (typeof value !== 'function') NAMED.check(where, name, value);
  },
} as Option<AnyObjective>;

export const ROG_OPTIONS = {
  ...RUN_OPTIONS,
  ...POSTPROCESS_OPTIONS,
  preset: word('coarse to fine, or the published numbers', ['default', 'paper'], 'default'),
  method: word('gradient matching, linear algebra, or the better one', ['auto', 'matching', 'closed-form'], 'auto'),
  iterations: whole('objective-and-gradient evaluations in all (200; repeated labels behind phi 720; paper: 100)'),
  objective: NAMED_OR_OWN,
  prior: word('on the pictures (colorTv; paper: tv)', Object.keys(PRIORS) as PriorName[]),
  weight: real('of the prior (by objective)'),
  simulate: word('how the client is modelled (by how far it moved)', ['auto', 'steps', 'direction']),
  defenseAware: flag('whether the objective knows phi (yes; paper: no)'),
} satisfies OptionTable<RogOptions>;

/**
 * ROG: encode to a low dimension, simulate the client on the decoded pictures, match the update (Yue et al. 2023,
 * section 4). The raw reconstruction, unless `postprocess` says otherwise.
 *
 * `paper`: latent [h/4, w/4, c] uniform in [0, 1), bicubic decoder, Adam 0.05 -> 0.005 over 100 iterations, plain
 * squared distance. `default`: latents h/4 -> h/2 -> h, nearly gray start, box [0, 1], total variation, objective
 * chosen by phi's report.
 */
export function rog(observation: Observation, options: RogOptions = {}): Promise<Reconstruction> {
  return finish(rogSteps(observation, options), options.onProgress);
}

/**
 * The same attack as an async iterator over its progress; the value of the last step is the reconstruction.
 * @example
 * const steps = rog.attacks.rogSteps(observed, { iterations: 60 });
 * for (let step = await steps.next(); !step.done; step = await steps.next()) console.log(step.value.objective);
 */
export function rogSteps(observation: Observation, options: RogOptions = {}): AttackSteps {
  const { preset, method } = opened('rog', observation, options, ROG_OPTIONS, ROG_NEEDS);
  const { defenseAware = preset === 'default' } = options;
  const seen = taken('rog', observation, defenseAware);
  const wanted = ONLY_MATCHING.find((key) => options[key] !== undefined);
  if (method === 'closed-form' && wanted)
    throw problem(
      'rog',
      `method 'closed-form' has none of ${ONLY_MATCHING.join(', ')}`,
      wanted,
      "method 'matching' has",
    );
  const notes: Note[] = [];
  const onMeasured = (note: Note): unknown => seen === observation && notes.push(note);
  const bound = method === 'matching' || preset === 'paper' || options.objective !== undefined;
  const steps = bound
    ? byMatching(seen, preset, { ...options, defenseAware })
    : method === 'closed-form'
      ? byClosedForm(seen, options)
      : chosen(seen, { ...options, defenseAware, matchingOnly: wanted !== undefined, onMeasured });
  return postprocessed('rog', judged(observation, steps, notes), observation.model, options);
}

/** Options that the closed form does not have. */
const ONLY_MATCHING = ['objective', 'simulate', 'restarts'] as const;

/** Gradient matching. */
async function* byMatching(
  seen: Observation,
  preset: keyof typeof PRESETS,
  { defenseAware, ...options }: RogOptions & { readonly defenseAware: boolean },
): AttackSteps {
  await turn(); // of the event loop, between looks at a large update
  return yield* runRecipe(seen, { ...PRESETS[preset](seen, options), defenseAware }, options);
}

async function* byClosedForm(
  observation: Observation,
  { iterations, prior, weight, seed, signal, checkpoint, checkpointSeconds }: RogOptions,
): AttackSteps {
  const given = { iterations, prior, weight, seed, signal, checkpoint, checkpointSeconds };
  const result = yield* solving(observation, given);
  return { ...result, attack: 'rog', settings: { ...result.settings, attack: 'rog', method: 'closed-form' } };
}

const PRESETS = { paper, default: coarseToFine };

import { isExactToScale } from '../../core/evidence.js';
import type { NdArray, Observation } from '../../core/types.js';
import { compile } from '../../engine/index.js';
import { hasKinks } from '../../models/index.js';
import { comparisonOf } from '../search/closure.js';
import type { AnyObjective } from '../search/objectives.js';
import { type Asked, coarseToFine, type Preset } from './recipes.js';
import { seesAll } from './sees-all.js';

/** A way to match gradients. */
export interface Contender {
  readonly name: string;
  /** It runs in full however the race ends. */
  readonly always?: boolean;
  /** With the weight of the prior that was tuned; after several steps it runs in full where the race is close. */
  readonly tuned?: boolean;
  readonly recipe: Preset;
}

/** Colour total variation of a photograph, a mean per pixel. */
export const OF_PICTURES = 0.1;

/**
 * What the prior of a typical picture weighs beside all that the objective has to tell: weight 0.1 / D(gray), with
 * D(gray) the objective at an even gray. Far below 1 the objective decides, above 1 the prior does.
 */
export const pull = (weight: number, atGray: number): number => (weight * OF_PICTURES) / Math.max(atGray, 1e-30);

/** The weight of a pull. */
export const weightFor = (share: number, atGray: number): number => (share * atGray) / OF_PICTURES;

/** Up to this pull the weights that were tuned on ReLU networks stand. */
const LIGHT = 0.2;

/** Of signs behind a smooth network, where weights tuned on kinks may hide most of the contrast (8 dB). */
const LIGHTER = 0.1;

/** Pulls of the contenders with a weaker prior. */
const WEAKER = [0.1, 0.01];

/**
 * The ways to match gradients that an observation gives reason to race. The tuned one alone, where its prior is light
 * against what the objective tells; saturated activations shrink that a thousandfold, and then a prior of the same
 * weight paints everything gray: so the same with weaker priors, and where phi left entries exact plain squares, which
 * use the update's length too: those always where every neuron sees every pixel.
 * @param atGray the value of an objective at an even gray, without a prior
 */
export async function contendersFor(
  observation: Observation,
  asked: Asked,
  atGray: (objective: AnyObjective) => Promise<number>,
): Promise<Contender[]> {
  const own = coarseToFine(observation, asked);
  const tuned: Contender = { name: 'matching', tuned: true, recipe: own };
  if (asked.weight !== undefined || typeof own.objective === 'function') return [tuned];
  const told = await atGray(own.objective);
  const exact = observation.obfuscation.evidence.every(isExactToScale);
  const light = !Number.isFinite(told) || pull(own.weight, told) <= LIGHT;
  if (light && own.objective === 'wrongSign' && !hasKinks(observation.model))
    return [tuned, { name: 'matching, lighter prior', recipe: { ...own, weight: LIGHTER * own.weight } }];
  if (light && !(exact && seesAll(observation))) return [tuned];
  const weaker = WEAKER.map((share, k) => ({
    name: `matching, ${k === 0 ? 'light' : 'hardly any'} prior`,
    recipe: { ...own, weight: weightFor(share, told) },
  }));
  if (!exact) return [tuned, ...weaker];
  // Adam's steps shrink with gradients as small as those of plain squares: it settles where relative ones keep moving
  const plain = coarseToFine(observation, { ...asked, objective: 'l2', weight: 0 });
  return [
    { ...tuned, always: light },
    ...(light ? [] : weaker),
    await lightSquares(observation, asked, atGray),
    { name: 'matching squares, no prior', recipe: plain },
  ];
}

/** Matching of plain squares, relative to the update's, with a prior that hardly pulls. */
export async function lightSquares(
  observation: Observation,
  asked: Asked,
  atGray: (objective: AnyObjective) => Promise<number>,
): Promise<Contender> {
  const objective = 'relativeL2';
  const weight = weightFor(WEAKER[0]!, await atGray(objective));
  return { name: 'matching squares, light prior', recipe: coarseToFine(observation, { ...asked, objective, weight }) };
}

/** The value of an objective of gradient matching, without a prior, of an update simulated on pictures. */
export async function objectiveOf(
  observation: Observation,
  objective: AnyObjective,
  labels: Int32Array,
  { images, update }: { readonly images: NdArray; readonly update: readonly NdArray[] },
): Promise<number> {
  const options = { objective, prior: 'tv', weight: 0, simulate: 'steps', labels } as const;
  const { total, numbers, name } = await comparisonOf(observation, options);
  const { tensors } = observation;
  const step = await compile(
    (images, numbers, ...rest) => {
      const [delta, observed] = [rest.slice(0, tensors.length), rest.slice(tensors.length)];
      return total({ delta, observed, images, numbers, parameters: [] });
    },
    [images, numbers, ...update, ...tensors],
    { name },
  );
  try {
    return (await step.run(images, numbers, ...update, ...tensors))[0]!.data[0]!;
  } finally {
    step.dispose();
  }
}

/** The same recipe with a share of its closures, at least two a stage: the whole way in small. */
export const shortened = ({ stages, ...recipe }: Preset, share: number): Preset => ({
  ...recipe,
  stages: stages.map((stage) => ({
    ...stage,
    closures: Math.min(stage.closures, Math.max(2, Math.round(share * stage.closures))),
  })),
});

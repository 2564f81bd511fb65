import { oneHot } from '../../core/arrays.js';
import { fingerprint } from '../../core/hash.js';
import { flag, type OptionTable, real, whole } from '../../core/option-table.js';
import { deriveSeed } from '../../core/random.js';
import type { AttackSteps, NdArray, Observation } from '../../core/types.js';
import type { Generator } from '../../models/generator-weights.js';
import { type InferredLabels, labelsOf } from '../infer-labels.js';
import type { SearchState, Stage } from '../search/minimise.js';
import type { RunOptions } from '../search/recipe.js';
import { type Problem, runSearch, type SearchRun } from '../search/run-search.js';
import { classRows } from './class-meaning.js';
import { type Decoder, decoder } from './decoder.js';
import { detailed } from './detail.js';
import { labelSearch } from './label-search.js';
import { explainedBy } from './latent-explained.js';
import { stagesOf, weightsFor } from './latent-stages.js';
import { candidates, problemOf } from './problem.js';
import { isRaw, startsOf } from './starts.js';
import { type Match, matchOf } from './update-match.js';

/** What decides the search of rogs(). */
export interface LatentOptions {
  /** Objective-and-gradient evaluations of one start; default 120. */
  readonly iterations?: number;
  /** Weight of the mean of z^2; default by objective. */
  readonly prior?: number;
  /** Weight of the tie to the raw reconstruction's low frequencies where those start best; default by objective. */
  readonly tie?: number;
  /** Whether the last part of the search may leave the generator's range, by offsets of its features; default true. */
  readonly relax?: boolean;
  /** Draws from the prior of what the update leaves open (the likeliest z is blurred); the best is kept. Default 6. */
  readonly draws?: number;
  /** Whether the objective knows phi; default true. */
  readonly defenseAware?: boolean;
}

export const LATENT_OPTIONS = {
  iterations: whole('objective-and-gradient evaluations of one start', 120),
  prior: real('of the mean of z^2 (by objective)'),
  tie: real('of the tie to the raw reconstruction (by objective)'),
  relax: flag("whether the last part may leave the generator's range", true),
  draws: whole('draws of what the update leaves open', 6, { from: 0 }),
  defenseAware: flag('whether the objective knows phi', true),
} satisfies OptionTable<LatentOptions>;

/** What rogs() searches. */
interface Searched {
  readonly observation: Observation;
  readonly generator: Generator;
  /** The generator's class of a label. */
  readonly meaning: (label: number) => number | undefined;
  readonly raw: NdArray;
  /** When the attack began, by performance.now(). */
  readonly began: number;
}

type Settings = LatentOptions & Pick<RunOptions, 'seed' | 'restarts'>;

/** The search of rogs() over points of the generator, from the starts that match best. */
export async function* latentSearch(
  searched: Searched,
  options: Settings,
  { stop, held, checkpointSeconds }: SearchRun,
): AttackSteps {
  const { observation, generator, meaning, raw } = searched;
  const found = await labelsOf(observation, stop);
  const match = await matchOf(observation, found.labels, options.seed ?? 1);
  const decoding = await decoder(generator, observation.client.batchSize);
  try {
    const labels = await labelSearch(observation, found, match, decoding, generator, meaning, raw, stop);
    const begun = stop() ? undefined : held; // what was cut short is of other settings: the file stays as it is
    const { problem, stages } = await problemFor(searched, labels, match, decoding, options);
    return yield* runSearch(problem, stages, { stop, held: begun, checkpointSeconds });
  } finally {
    decoding.dispose();
    match.dispose();
  }
}

async function problemFor(
  { observation, generator, meaning, raw, began }: Searched,
  labels: InferredLabels,
  match: Match,
  decoding: Decoder,
  { seed = 1, iterations = 120, restarts = 1, relax = true, draws = 6, defenseAware = true, ...options }: Settings,
): Promise<{ problem: Problem; stages: readonly Stage[] }> {
  const rows = classRows(Array.from(labels.labels, meaning), generator.design.classes);
  const targets = oneHot('rogs', labels.labels, observation.model.classes);
  const anchor = await decoding.encode(raw, rows);
  const tuned = weightsFor(observation, match, decoding.latent);
  const free = { ...tuned, prior: options.prior ?? tuned.prior, tie: 0 };
  const stages = stagesOf(iterations, relax);
  const trial = problemOf(match, decoding, rows, targets, anchor, free, stages.slice(0, 1));
  const list = candidates(anchor, decoding.latent, 2, deriveSeed(seed, 'draw'));
  const starts = (await startsOf(list, trial.evaluate)).slice(0, restarts);
  const weights = { ...free, tie: isRaw(starts[0]!) ? (options.tie ?? tuned.tie) : 0 };
  const { evaluate, latest } = problemOf(match, decoding, rows, targets, anchor, weights, stages);
  const [first, ...others] = starts.map(({ point }) => ({ start: point }));

  /** Of several draws of the details the one whose update matches best; the point itself where none are asked for. */
  const bestDraw = async (found: SearchState['best']): Promise<Pick<SearchState['best'], 'images' | 'objective'>> => {
    const each: { images: NdArray; objective: number }[] = [];
    for (let k = 0; k < draws; k++) {
      const images = detailed(found.images, decoding.latent, deriveSeed(deriveSeed(seed, 'detail'), 'draw', k));
      each.push({ images, objective: (await match.evaluate(await decoding.images(images, rows), targets)).objective });
    }
    return each.sort((a, b) => a.objective - b.objective)[0] ?? found;
  };

  const problem: Problem = {
    attack: 'rogs',
    engine: match.engine,
    evaluate,
    size: [1, 1],
    start: first!.start,
    restarts: others,
    settings: {
      attack: 'rogs',
      method: match.method,
      objective: match.objective,
      ...weights,
      relax,
      draws,
      iterations,
      seed,
      restarts,
      defenseAware,
      start: starts.map(({ name }) => name),
      labels: [...labels.labels],
      model: observation.model.name,
      obfuscation: observation.obfuscation.name,
      client: { ...observation.client },
      update: fingerprint(observation.tensors.map(({ data }) => data)),
    },
    spent: (performance.now() - began) / 1000,
    pictures: () => latest() ?? raw,
    conclude: async ({ best }) => {
      const chosen = await bestDraw(best);
      return {
        images: await decoding.images(chosen.images, rows),
        raw,
        explained: await explainedBy(match, decoding, chosen.images, rows, targets),
        labels: labels.labels,
        labelSource: { method: labels.method, confidence: labels.confidence },
        objective: chosen.objective,
      };
    },
  };
  return { problem, stages };
}

import { isExactToScale } from '../../core/evidence.js';
import type { AttackSteps, Observation, Reconstruction } from '../../core/types.js';
import { needsMeasuring } from '../closed-form/suits.js';
import { firstLabels } from '../infer-labels.js';
import { areSigns, isDrowned } from '../search/fine.js';
import type { AnyObjective } from '../search/objectives.js';
import { type RunOptions, runRecipe } from '../search/recipe.js';
import { shifted, stopwatch } from './account.js';
import { asSent } from './as-sent.js';
import { SOLVERS } from './candidates.js';
import { type Contender, contendersFor, lightSquares, objectiveOf, shortened } from './contenders.js';
import { endingsFor, isHeldBack } from './endings.js';
import { faded, NOTHING } from './faded.js';
import { doneUpTo, FAILED } from './polished-enough.js';
import { frontOf, handicapOf, isNoBetter, type Raced } from './race.js';
import { type Asked, polishing } from './recipes.js';
import { firmly, isRough, isSmoother } from './smoother.js';
import { unbiased } from './unbiased.js';
import { unsearched } from './unsearched.js';
import { grayOf, type Measured, type Note, type Yardstick, yardstick } from './yardstick.js';

/** One line of `settings.race`: what was tried, what it took, and how it measured. */
export interface Entry {
  readonly candidate: string;
  readonly closures: number;
  readonly objective?: unknown;
  readonly weight?: unknown;
  /** The yardstick of its pictures: less is better. */
  readonly yardstick?: number;
  /** The part of it that is the update: mean share of the tensors unexplained. */
  readonly unexplained?: number;
  /** Why it was not tried, or not taken. */
  readonly dropped?: string;
}

export interface ChoiceOptions extends Omit<RunOptions, 'onProgress'>, Asked {
  readonly defenseAware: boolean;
  /** Matching only: an option was given that no solver has. */
  readonly matchingOnly?: boolean;
  /** Told of all pictures that are measured. */
  readonly onMeasured?: (note: Note) => void;
}

/** Each contender's part of the closures in the race. */
const RACE = 0.2;

/** With fewer closures nothing is raced: the first solver that does not decline has them all, else tuned matching. */
const ENOUGH = 50;

/** Closures of gradient matching from a solver's pictures. */
const POLISH = 80;

/** How often a solver's bias is taken off at most, while that explains more. */
const CORRECTIONS = 2;

/** One level of 8 bits: the picture itself. */
const LEVEL = 1 / 255;

interface Finished {
  readonly name: string;
  readonly result: Reconstruction;
  readonly measured: Measured;
  /** What its yardstick is multiplied by: matching fits noise and rounding, so it must win by a margin. */
  readonly handicap: number;
}

/**
 * The attack that an observation is best served by, chosen by what the server can measure, never by the truth:
 *
 * 1. The solvers whose equations hold, the cheapest first, each measured by the yardstick on its finished pictures.
 *    One that explains the whole update is taken, and any where noise drowns it, which equations average out and
 *    matching would fit; but where that asks for a firm prior, which equations lack, matching goes on with one.
 * 2. Gradient matching from the pictures of a solver that leaves too much, but not everything: it sees the whole
 *    update, and starts near.
 *    That is taken unless it fails, or phi left signs alone.
 * 3. Else gradient matching: one way alone where there is no reason for another, else several are raced on a fifth
 *    of the closures each and the best by the yardstick runs in full; where it is close the two best, after several
 *    steps the tuned one too.
 * 4. Pictures rougher than photographs, of exact updates behind kinks, are matched again with a firm prior: taken where
 *    they come out smoother by more than they explain less.
 *
 * The best of all that ran in full is returned, paler where it explains nothing, with the closures and seconds of
 * everything; `settings.race` tells the story.
 */
export async function* chosen(told: Observation, options: ChoiceOptions): AttackSteps {
  const observation = asSent(told);
  const { iterations = 200, prior, weight, restarts, defenseAware, matchingOnly = false, onMeasured } = options;
  const { seed, signal, checkpoint, checkpointSeconds } = options;
  const rest = { seed, signal, checkpointSeconds };
  const few = iterations < ENOUGH;
  const clock = stopwatch();
  const found = await firstLabels('rog', told, signal);
  const { labels } = found;
  const measure = yardstick(observation, labels);
  const rule: Yardstick = async (images, own = labels) => {
    const measured = await measure(images, own);
    onMeasured?.({ images, labels: own, unexplained: measured.unexplained });
    return measured;
  };
  const even = grayOf(observation);
  if (found.cut) return { ...(await unsearched(observation, found, even, await rule(even))), seconds: clock() };
  let updateOfGray: Measured['update'] | undefined; // as large as the network: let go before a solver, then made anew
  const measuredGray = async (): Promise<Omit<Measured, 'update'>> => {
    const { update, ...measured } = await rule(even);
    updateOfGray = update;
    return measured;
  };
  const gray = await measuredGray();
  const left = ({ unexplained }: Measured): number => unexplained / gray.unexplained;
  const exact = observation.obfuscation.evidence.every(isExactToScale);
  const several = observation.client.localSteps > 1;
  const signsAlone = areSigns(observation);
  const race: Entry[] = [
    { candidate: 'gray', closures: 0, yardstick: gray.value, unexplained: gray.unexplained, dropped: 'for comparison' },
  ];
  const finished: Finished[] = [];
  const account = { closures: 0, seconds: clock(), files: 0, cancelled: false };
  const file = () =>
    checkpoint === undefined ? {} : { checkpoint: account.files++ ? `${checkpoint}.${account.files}` : checkpoint };
  const run = async function* (name: string, steps: AttackSteps, handicap?: number) {
    const result = yield* shifted(steps, { ...account }, iterations);
    const measuring = stopwatch();
    const measured = await rule(result.images, result.labels);
    const { objective, weight } = result.settings;
    race.push({
      candidate: name,
      closures: result.closures,
      objective,
      weight,
      yardstick: measured.value,
      unexplained: measured.unexplained,
    });
    account.cancelled = result.stopped === 'cancelled';
    account.closures += result.closures;
    account.seconds += result.seconds + measuring();
    const done = { name, result, measured };
    if (handicap !== undefined) finished.push({ ...done, handicap });
    return done;
  };
  const drop = (candidate: string, error: unknown): void => {
    race.push({ candidate, closures: 0, dropped: (error as Error).message });
  };
  const best = (): Finished =>
    finished.reduce((a, b) => (b.measured.value * b.handicap < a.measured.value * a.handicap ? b : a));
  const conclude = (): Reconstruction => {
    const { name, result } = best();
    const { closures, seconds, cancelled } = account;
    const method = SOLVERS.some((solver) => solver.name === name) ? name : 'matching';
    return {
      ...result,
      attack: 'rog',
      closures,
      seconds,
      stopped: cancelled ? 'cancelled' : result.stopped,
      settings: { ...result.settings, attack: 'rog', method, race },
    };
  };
  for (const { name, declines, needsMeasuring, enough, errsBy, averages, mended, corrects, steps } of matchingOnly
    ? []
    : SOLVERS) {
    const unmeasured = few && needsMeasuring?.(observation);
    const dropped = unmeasured ? 'too few closures to measure it' : await declines(observation, labels);
    if (dropped) {
      race.push({ candidate: name, closures: 0, dropped });
      continue;
    }
    const given = { ...rest, ...file(), iterations: options.iterations, prior, weight };
    updateOfGray = undefined;
    try {
      const { result, measured } = yield* run(name, steps(observation, given), 1);
      if (!few && corrects?.(observation))
        for (let last = measured, k = 0; k < CORRECTIONS && !account.cancelled; k++) {
          const now = { images: best().result.images, update: last.update };
          const again = unbiased(observation, (seen) => steps(seen, { ...given, ...file() }), result, now);
          const { measured: next } = yield* run(`${name}, bias taken off`, again, 1);
          const trusted = k === 0 && new Set(result.labels).size === result.labels.length;
          if (isNoBetter(next.value, last.value, trusted)) break;
          if (trusted) finished.splice(0, finished.length - 1);
          last = next;
        }
      if (account.cancelled) return conclude();
      const sure = errsBy !== undefined && errsBy(observation, result.images) <= LEVEL;
      const whole = (averages && isDrowned(observation)) || left(measured) <= enough(observation);
      const taken = few || sure || (whole && !mended?.(observation, labels));
      if (account.cancelled || taken) return conclude();
    } catch (error) {
      drop(name, error);
    }
  }
  let afresh = 1;
  if (finished.length && left(best().measured) > NOTHING) finished.splice(0);
  if (finished.length) {
    const { result: solved } = best();
    const seen = { ...observation, labels: solved.labels };
    const recipe = { ...polishing(observation, options, { pictures: solved.images, closures: POLISH }), defenseAware };
    const { measured } = yield* run('polish', runRecipe(seen, recipe, { ...rest, ...file() }), 1);
    if (!needsMeasuring(observation)) finished.splice(0, finished.length - 1);
    const failed = left(measured) > doneUpTo(observation, solved.labels);
    if (account.cancelled || !(signsAlone || failed)) return conclude();
    if (signsAlone && !failed) afresh = NEAR;
  }
  const atGray = async (objective: AnyObjective): Promise<number> => {
    if (!updateOfGray) await measuredGray();
    return objectiveOf(observation, objective, labels, { images: even, update: updateOfGray! });
  };
  const contenders = (await contendersFor(observation, options, atGray)).slice(0, few ? 1 : undefined);
  let front: readonly Contender[] = contenders;
  if (contenders.length > 1) {
    const raced: Raced[] = [];
    for (const contender of contenders) {
      const recipe = { ...shortened(contender.recipe, RACE), defenseAware };
      try {
        const { measured, result } = yield* run(`${contender.name}, race`, runRecipe(observation, recipe, rest));
        if (result.stopped === 'cancelled') return { ...result, settings: { ...result.settings, race } };
        raced.push({ contender, value: measured.value });
      } catch (error) {
        drop(`${contender.name}, race`, error);
      }
    }
    front = raced.length > 0 ? frontOf(raced, several) : contenders.slice(0, 1);
  }
  for (const contender of front) {
    const recipe = { ...contender.recipe, defenseAware };
    const steps = runRecipe(observation, recipe, { ...rest, restarts, ...file() });
    yield* run(contender.name, steps, handicapOf(contender, afresh, several));
    if (account.cancelled) return conclude();
  }
  if (contenders.length === 1 && !few && exact && left(best().measured) > FAILED && freely(options)) {
    const squares = await lightSquares(observation, options, atGray);
    yield* run(
      squares.name,
      runRecipe(observation, { ...squares.recipe, defenseAware }, { ...rest, ...file() }),
      handicapOf(squares, 1, several),
    );
    if (account.cancelled) return conclude();
  }
  const endings = few || !freely(options) ? [] : await endingsFor(observation, best().result, atGray);
  for (const { asked, rates, margin, ifHeldBack } of endings) {
    const before = best();
    if (ifHeldBack && !isHeldBack(before)) break;
    const [first, last] = rates;
    const pictures = before.result.images;
    const preset = polishing(observation, { ...options, ...asked }, { pictures, closures: POLISH, first, last });
    yield* run(
      'polish',
      runRecipe(observation, { ...preset, defenseAware }, { ...rest, ...file() }),
      margin ?? before.handicap,
    );
    if (account.cancelled || best() === before) break;
  }
  if (!few && freely(options) && !account.cancelled && isRough(observation, best().measured)) {
    const rough = best();
    const { name, recipe } = firmly(observation, options);
    const again = yield* run(name, runRecipe(observation, { ...recipe, defenseAware }, { ...rest, ...file() }));
    if (isSmoother(again.measured, rough.measured))
      finished.splice(0, finished.length, { ...again, handicap: rough.handicap });
    else race.push({ ...race.pop()!, dropped: 'what it is smoother by does not outweigh what it explains less' });
  }
  if (!few && freely(options) && left(best().measured) > NOTHING) {
    const measuring = stopwatch();
    const { name, result, measured, handicap } = best();
    const paler = await faded(result, measured, rule);
    account.seconds += measuring();
    if (paler) {
      const { contrast, images, measured } = paler;
      const { value, unexplained } = measured;
      race.push({ candidate: `${name}, contrast ${contrast}`, closures: 0, yardstick: value, unexplained });
      finished.splice(0, finished.length, { name, result: { ...result, images }, measured, handicap });
    }
  }
  return conclude();
}

/** Of signs, matching afresh is taken where its yardstick, times this, is below that of the polished pictures. */
const NEAR = 1 / 0.8;

/** Whether objective and prior are for rog() to choose. */
const freely = ({ objective, weight }: ChoiceOptions): boolean => weight === undefined && objective === undefined;

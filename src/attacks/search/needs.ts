import { checkArguments } from '../../core/arguments.js';
import { checkFinite, checkMatches } from '../../core/arrays.js';
import { checkAttackable } from '../../core/attackable.js';
import { problem } from '../../core/errors.js';
import { EXACT } from '../../core/evidence.js';
import { type Checked, checked, type OptionTable } from '../../core/option-table.js';
import type { Layer, Observation } from '../../core/types.js';
import { checkSettings } from '../../federation/index.js';
import { denseHead, entranceOf } from '../../models/index.js';

/** What an attack needs of an observation, as data. What is not said is not needed. */
export interface Needs {
  /** `given`: by the caller. `readable`: given, or read off a last layer of one output a class. Default: not needed. */
  readonly labels?: 'given' | 'readable';
  /** Images in the client's batch, at most. */
  readonly batchSize?: number;
  /** Local steps of the client, at most. */
  readonly localSteps?: number;
  /** Running mean and variance of batch-norm layers. */
  readonly batchNormStatistics?: true;
  /** The server must be told which phi was used, with its parameters. */
  readonly phiKnown?: true;
  /** Dense - ReLU - dense at the end, flatten and dropout that is off may lie between; labels that are not smoothed. */
  readonly denseHead?: true;
  /** The first layer must be dense with bias; input normalisation may stand before it. */
  readonly biasedFirstLayer?: true;
}

interface Refusal {
  readonly rule: string;
  readonly got: unknown;
  readonly fix: string;
}

type Check<K extends keyof Needs> = (observation: Observation, need: NonNullable<Needs[K]>) => Refusal | false;

const CHECKS: { [K in keyof Needs]-?: Check<K> } = {
  labels: ({ labels, model }, need) => {
    if (labels || (need === 'readable' && readable(model))) return false;
    return need === 'given'
      ? { rule: 'needs the labels', got: 'an observation without them', fix: 'observe(model, update, { labels })' }
      : {
          rule: 'needs the labels, or a last dense layer with one output per class to read them from',
          got: model.name,
          fix: 'give the labels to observe()',
        };
  },
  batchSize: ({ client }, most) =>
    client.batchSize > most && {
      rule: `needs a batch of at most ${most} image${most > 1 ? 's' : ''}`,
      got: client.batchSize,
      fix: 'rog() and invertingGradients() take any batch',
    },
  localSteps: ({ client }, most) =>
    client.localSteps > most && {
      rule: `needs at most ${most} local step${most > 1 ? 's' : ''}`,
      got: client.localSteps,
      fix: 'rog() simulates the local steps',
    },
  batchNormStatistics: ({ model }) =>
    !model.buffers?.length && {
      rule: 'needs the statistics of batch-norm layers',
      got: `${model.name}, which has none`,
      fix: 'leave the batch-norm term out',
    },
  phiKnown: ({ obfuscation }) =>
    obfuscation.name === 'unknown' && {
      rule: 'needs to know phi',
      got: 'an observation whose phi the server was not told',
      fix: 'set defenseAware: false to take the update as it came',
    },
  denseHead: ({ model, client }) =>
    client.labelSmoothing
      ? {
          rule: 'needs errors P - Y of labels that are not smoothed',
          got: `labelSmoothing ${client.labelSmoothing}`,
          fix: 'rog() simulates the client',
        }
      : denseHead(model.layers).length < 2 && {
          rule: 'needs a network that ends in dense, relu, dense',
          got: `${model.name}: ${kinds(model.layers.slice(-3))}`,
          fix: 'rog() takes any network',
        },
  biasedFirstLayer: ({ model }) => {
    const { first } = entranceOf(model);
    if (first?.kind === 'dense' && first.bias) return false;
    return {
      rule: 'the first layer must be dense with bias',
      got: first?.kind === 'dense' ? 'a dense layer without bias' : `a ${first?.kind} layer`,
      fix: 'use dlg() or rog()',
    };
  },
};

const kinds = (layers: readonly Layer[]): string => layers.map(({ kind }) => kind).join();

const readable = ({ layers, classes }: Observation['model']): boolean => {
  const last = layers.findLast(({ kind }) => kind === 'dense');
  return last?.kind === 'dense' && last.units === classes;
};

/** Refuses what is no observation, or one whose update is not the model's, not finite or zero everywhere. */
export function checkObservation(where: string, observation: Observation): void {
  checkArguments(where, `${where}(observation)`, { observation });
  checkSettings(where, observation.client);
  checkMatches(where, observation.tensors, observation.model.parameters);
  checkFinite(where, observation.tensors);
  checkAttackable(where, observation.model, observation.tensors);
}

/** The options of an attack with their defaults, where observation, options and needs are in order. */
export function opened<O extends object, T extends OptionTable<O>>(
  attack: string,
  observation: Observation,
  options: O,
  table: T,
  needs: Needs | ((given: Checked<O, T>) => Needs),
): Checked<O, T> {
  checkObservation(attack, observation);
  const given = checked(attack, options, table);
  checkNeeds(attack, observation, typeof needs === 'function' ? needs(given) : needs);
  return given;
}

export const offers = (observation: Observation, needs: Needs): boolean =>
  (Object.keys(needs) as (keyof Needs)[]).every((key) => {
    const check = CHECKS[key] as Check<typeof key>;
    return !check(observation, needs[key] as never);
  });

/** Refuses an observation that does not offer what an attack needs, and says what is missing and what to do. */
export function checkNeeds(where: string, observation: Observation, needs: Needs): void {
  for (const key of Object.keys(needs) as (keyof Needs)[]) {
    const check = CHECKS[key] as Check<typeof key>;
    const refusal = check(observation, needs[key] as never);
    if (refusal) throw problem(where, refusal.rule, refusal.got, refusal.fix);
  }
}

/**
 * The observation as an attack takes it. Defense-aware: with phi's evidence, so phi must be known. Not aware: what was
 * received counts as the raw update, exact in every entry.
 */
export function taken(where: string, observation: Observation, defenseAware: boolean): Observation {
  if (defenseAware) {
    checkNeeds(where, observation, { phiKnown: true });
    return observation;
  }
  const { obfuscation } = observation;
  return { ...observation, obfuscation: { ...obfuscation, evidence: obfuscation.evidence.map(() => EXACT) } };
}

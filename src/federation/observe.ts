import { checkArguments } from '../core/arguments.js';
import { checkFinite, checkMatches, oneHot } from '../core/arrays.js';
import { checkAttackable } from '../core/attackable.js';
import { problem } from '../core/errors.js';
import { EXACT, UNKNOWN, UNSENT } from '../core/evidence.js';
import { trainedOf } from '../core/frozen.js';
import { checkOptions, integer, oneOf } from '../core/options.js';
import { after } from '../core/own-evidence.js';
import { asObfuscation } from '../core/own-obfuscation.js';
import type {
  ClientSettings,
  Model,
  NamedArray,
  Obfuscated,
  Obfuscation,
  ObfuscationReport,
  Observation,
  OwnObfuscation,
  Update,
} from '../core/types.js';
import { checkSettings } from './check-settings.js';
import { meanOfPrivate, privateReport } from './private-evidence.js';

/** Options of {@link observe}. */
export interface ObserveOptions {
  /**
   * phi; default none: the server sees the update itself. One of the library's, one of obfuscation(), or a bare
   * function (tensors, seed) => tensors: then the server knows nothing of what it does, and the attack compares
   * directions alone.
   */
  readonly obfuscation?: Obfuscation | OwnObfuscation;
  /** Seed of phi's randomness (QSGD, noise); default 1. */
  readonly seed?: number;
  /** 'infer' (default): the server must infer the labels; or the labels, when the caller states that it knows them. */
  readonly labels?: 'infer' | Int32Array | readonly number[];
  /** Whether the server is told which phi was used; default true. If not, the report `unknown` knows nothing. */
  readonly phiKnown?: boolean;
  /** What the client keeps to itself although it did it; an attack then has to assume something. Default nothing. */
  readonly withhold?: readonly (typeof WITHHELD)[number][];
  /**
   * Whether the client sends its running statistics of batch norm in training mode beside the update: `withheld`
   * (default; BN_infer of Huang et al. 2021) or `sent` (BN_exact), see batchNormThreat(). phi leaves them as they are.
   */
  readonly statistics?: 'withheld' | 'sent';
}

const WITHHELD = ['optimizer', 'order', 'schedule'] as const;

/**
 * What the server sees of a client's update: phi(delta), the public settings and phi's own parameters.
 * Everything an attack is ever given. In one stretch: for eleven million entries (ResNet-18) from 0.1 s without phi to
 * 1.3 s of processor time, with kmeansCodebook() 17 s.
 * @throws an update whose tensors are not the model's; NaN or infinite entries; nothing but zeros; a model with one
 * class; labels of the wrong number or range
 */
export function observe(model: Model, update: Update, options: ObserveOptions = {}): Observation {
  checkArguments('observe', 'observe(model, update)', { model, update });
  if (typeof options === 'function' || (options && 'apply' in options))
    throw problem('observe', 'phi is an option', undefined, 'write observe(model, update, { obfuscation: phi })');
  checkOptions('observe', options, ['obfuscation', 'seed', 'labels', 'phiKnown', 'withhold', 'statistics']);
  const { obfuscation, seed = 1, labels = 'infer', phiKnown = true, withhold = [] } = options;
  for (const field of withhold) oneOf('observe', 'withhold', field, WITHHELD);
  const statistics = sentStatistics(model, update, options.statistics ?? 'withheld');
  integer('observe', 'seed', seed, 0);
  const phi = obfuscation === undefined ? undefined : asObfuscation('observe', obfuscation);
  const { tensors, report } = sentBy('observe', model, update, phi, seed);
  checkAttackable('observe', model, tensors, 'the update after phi');
  const known = toldLabels('observe', model, labels, update.client.batchSize);
  return {
    kind: 'observation',
    model,
    tensors,
    client: announced(update.client, withhold),
    obfuscation: phiKnown ? report : untold(update, report.bitsPerEntry),
    ...(known && { labels: known }),
    ...(statistics && { statistics }),
  };
}

/**
 * What a client sends: phi(delta), with what the server derives of it.
 * @throws an update that is none of the model's
 */
export function sentBy(
  where: string,
  model: Model,
  update: Update,
  phi: Obfuscation | undefined,
  seed: number,
): Obfuscated {
  checkSettings(where, update.client);
  checkMatches(where, update.tensors, model.parameters);
  checkFinite(where, update.tensors);
  checkAttackable(where, model, update.tensors);
  const { privacy, frozen, clients } = update.client;
  const kept = keptOf(where, model, update);
  const sent = trainedOf(model, frozen).map((is, k) => is && !kept.has(model.parameters[k]!.name));
  const noisy = privacy
    ? privateReport(update.tensors, update.client, privacy)
    : clients?.some(({ settings }) => settings.privacy)
      ? meanOfPrivate(update.tensors, clients)
      : undefined;
  const stored = update.evidence ? storedReport(update, noisy) : noisy;
  const before = sent.includes(false) ? partialReport(update.tensors, sent, stored) : stored;
  return phi?.apply(update.tensors, seed, before) ?? { tensors: update.tensors, report: before ?? plain(update) };
}

/** What the client kept to itself. @throws a name that no parameter has; nothing left to send */
function keptOf(where: string, { parameters }: Model, { unsent = [] }: Update): Set<string> {
  const kept = new Set(unsent);
  const wrong = unsent.find((one) => !parameters.some(({ name }) => name === one));
  if (wrong !== undefined) throw problem(where, 'no parameter of the model has the name in unsent', wrong);
  if (parameters.every(({ name }) => kept.has(name))) throw problem(where, 'unsent leaves nothing that was sent');
  return kept;
}

/** Labels as the server was told them; undefined: it was not. @throws another number than images, or out of range */
export function toldLabels(
  where: string,
  { classes }: Model,
  labels: NonNullable<ObserveOptions['labels']>,
  images: number,
): Int32Array | undefined {
  if (labels === 'infer') return undefined;
  if (!Array.isArray(labels) && !ArrayBuffer.isView(labels))
    throw problem(where, "labels must be 'infer' or a list of class numbers", labels, 'e.g. batch.labels');
  const odd = Array.from(labels).find((label) => !Number.isInteger(label));
  if (odd !== undefined) throw problem(where, 'labels must be whole numbers, the places of the classes', odd);
  const known = Int32Array.from(labels);
  oneHot(where, known, classes);
  if (known.length !== images)
    throw problem(where, `labels must name the class of each of the ${images} images`, known.length);
  return known;
}

export function announced(client: ClientSettings, withhold: readonly (keyof ClientSettings)[]): ClientSettings {
  if (withhold.length === 0) return client;
  const told = Object.entries(client).filter(([field]) => !withhold.includes(field as keyof ClientSettings));
  const { clients, ...rest } = Object.fromEntries(told) as unknown as ClientSettings;
  return {
    ...rest,
    ...(clients && { clients: clients.map((one) => ({ ...one, settings: announced(one.settings, withhold) })) }),
  };
}

function sentStatistics(model: Model, update: Update, wish: 'withheld' | 'sent'): Observation['statistics'] {
  if (oneOf('observe', 'statistics', wish, ['withheld', 'sent']) === 'withheld') return undefined;
  const { statistics } = update;
  if (!statistics) {
    const fix = "batchNorm: 'train' keeps them";
    throw problem('observe', 'the update has no running statistics to send', model.name, fix);
  }
  checkMatches('observe', statistics, model.buffers ?? []);
  checkFinite('observe', statistics);
  return statistics;
}

const plain = (update: Update): ObfuscationReport => ({
  name: 'none',
  parameters: {},
  bitsPerEntry: 32,
  evidence: update.tensors.map(() => EXACT),
});

/** What is frozen or kept back is not sent; which, is public. @param report of what is sent; default: it is exact */
function partialReport(
  tensors: readonly NamedArray[],
  sent: readonly boolean[],
  report?: ObfuscationReport,
): ObfuscationReport {
  const count = (of: readonly NamedArray[]): number => of.reduce((sum, { data }) => sum + data.length, 0);
  const share = count(tensors.filter((_, k) => sent[k])) / count(tensors);
  const evidence = sent.map((is, k) => (is ? (report?.evidence[k] ?? EXACT) : UNSENT));
  return { name: 'none', parameters: {}, ...report, bitsPerEntry: 32 * share, evidence };
}

/** @param report of what was done before the weights were stored; default: nothing */
const storedReport = (update: Update, report = plain(update)): ObfuscationReport => ({
  ...report,
  evidence: report.evidence.map((e, k) => after(e, update.evidence![k]!)),
});

const untold = (update: Update, bitsPerEntry: number): ObfuscationReport => ({
  name: 'unknown',
  parameters: {},
  bitsPerEntry,
  evidence: update.tensors.map(() => UNKNOWN),
});

import { problem } from '../core/errors.js';
import { checkOptions, integer, number, oneOf } from '../core/options.js';
import type { Layer } from '../core/types.js';
import type { ClientOptions } from '../federation/index.js';
import { METRICS, type MetricName } from '../metrics/index.js';
import { checkPrecode, type PrecodeOptions } from '../models/index.js';
import { parseObfuscation } from '../obfuscation/index.js';
import { lookUp, MODELS } from '../registry/index.js';
import { checkSoteria, type SoteriaOptions } from '../studies/index.js';
import { checkTraining, type TrainingConfig } from './cost.js';

/** A score of one image, and from where on an image counts as rebuilt. */
export interface Threshold {
  readonly metric: MetricName;
  readonly value: number;
}

/** A network by its name, or as a list of layers. */
export type NetworkChoice = string | { readonly name?: string; readonly layers: readonly Layer[] };

/** What is to be audited; data/audit.schema.json says the same for editors. */
export interface AuditConfig {
  /** Name of a ready-made network, its layers, or an ONNX file. Default `lenet`. */
  readonly network?: NetworkChoice;
  /**
   * The client puts PRECODE's variational bottleneck before its last layer; the weights are of the network with it.
   * Default: none. Every phi is attacked twice: as it comes, and by an attacker who knows of it, who leaves bottleneck
   * and head out (Scheliga et al. 2022).
   */
  readonly precode?: Omit<PrecodeOptions, 'seed'>;
  /**
   * The client prunes its update of the first dense layer by Soteria before phi, see soteria(). Default: none. Every
   * phi is attacked twice: taking zeros of that layer for unknown, and leaving the whole layer out (Balunovic et al.
   * 2022).
   */
  readonly soteria?: SoteriaOptions;
  /** File with the weights before the round, as loadWeights() reads it. Default: initial weights by `seed`. */
  readonly weights?: string;
  /**
   * File with the weights after the round: the update is then the client's own, its images the first `batch` of the
   * data in their order, and checkClient() says whether `client` describes it. Default: the client is simulated.
   */
  readonly after?: string;
  /**
   * As openDataset() takes it: `folder:DIR`, `cifar10`, `photos`, ... Default: the data set of ROGLAB_DATA, else
   * CIFAR-10.
   */
  readonly data?: string;
  /** Side of the images in pixels; default the data set's own. */
  readonly size?: number;
  /** Images in a client's batch; default 8. */
  readonly batch?: number;
  /**
   * Clients whose mean alone the server sees (secure aggregation), each with a batch of its own; phi is on each
   * update before the sum.
   * Default 1: it sees the client's own update.
   */
  readonly clients?: number;
  /** Different batches that are attacked, each with every phi; default 1. */
  readonly batches?: number;
  /** What the client does and announces; see clientUpdate(). */
  readonly client?: Omit<ClientOptions, 'seed'>;
  /** Obfuscations in their short form; default `["none"]`. */
  readonly phi?: readonly string[];
  /** What the server is taken to know; default both. */
  readonly labels?: readonly ('known' | 'infer')[];
  /** Objective-and-gradient evaluations of an attack; default 200. */
  readonly iterations?: number;
  /** Of images, initial weights, phi and starting points; default 1. */
  readonly seed?: number;
  /** From where on an image counts as rebuilt; default SSIM 0.5. */
  readonly threshold?: Threshold;
  /** Measure what phi and the smallest change cost in accuracy, by a short training with each; default not. */
  readonly training?: TrainingConfig;
  /** Look for the smallest change that brings every image under the threshold; default true. */
  readonly remedies?: boolean;
  /** Put what theory says beside the attacks: Bayesian Cramer-Rao, inversion influence; default true. */
  readonly bounds?: boolean;
}

/** A config with every default filled in. */
export type Audit = Required<Omit<AuditConfig, Unsaid>> & Pick<AuditConfig, Unsaid>;

type Unsaid = 'precode' | 'soteria' | 'weights' | 'after' | 'data' | 'size' | 'training';

const KEYS = [
  'network',
  'precode',
  'soteria',
  'weights',
  'after',
  'data',
  'size',
  'batch',
  'clients',
  'batches',
  'client',
  'phi',
  'labels',
  'iterations',
  'seed',
  'threshold',
  'training',
  'remedies',
  'bounds',
  '$schema',
] as const;

const WHERE = 'audit';

/** Whether a network is named by its file. */
export const isFile = (network: string): boolean => network.endsWith('.onnx');

/**
 * A config, checked and completed.
 * @throws unknown keys (the nearest is named), kinds and ranges, phi that cannot be read
 */
export function readConfig(config: AuditConfig): Audit {
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw problem(WHERE, 'the config must be an object', config, 'e.g. { "phi": ["quantize:4"] }');
  checkOptions(WHERE, config, KEYS);
  const { $schema: _, ...given } = config as AuditConfig & { $schema?: string };
  const { phi = ['none'], labels = ['known', 'infer'], batch = 8, clients = 1, batches = 1 } = given;
  const { network = 'lenet', client = {}, iterations = 200, seed = 1, remedies = true, bounds = true } = given;
  if (typeof network === 'string' && !isFile(network)) lookUp(`${WHERE} network`, MODELS, network);
  if (!Array.isArray(phi) || phi.length === 0)
    throw problem(WHERE, 'phi must be a list of short forms', phi, '["none"]');
  for (const one of phi) parseObfuscation(one);
  if (!Array.isArray(labels) || labels.length === 0) throw problem(WHERE, 'labels must be a list', labels);
  for (const one of labels) oneOf(WHERE, 'labels', one, ['known', 'infer'] as const);
  if (given.precode !== undefined) checkPrecode(`${WHERE} precode`, given.precode, ['units', 'beta']);
  if (given.soteria !== undefined) checkSoteria(`${WHERE} soteria`, given.soteria);
  integer(WHERE, 'batch', batch, 1);
  integer(WHERE, 'clients', clients, 1);
  integer(WHERE, 'batches', batches, 1);
  if (given.training !== undefined) checkTraining(WHERE, given.training);
  integer(WHERE, 'iterations', iterations, 1);
  integer(WHERE, 'seed', seed, 0);
  if (given.after !== undefined && (given.weights === undefined || batches > 1 || clients > 1))
    throw problem(
      WHERE,
      'after, the weights after a round, needs weights, those before it, one client and one batch',
      given.after,
    );
  const threshold = checkThreshold(given.threshold ?? { metric: 'ssim', value: 0.5 });
  return {
    ...given,
    network,
    client,
    phi,
    labels,
    batch,
    clients,
    batches,
    iterations,
    seed,
    remedies,
    bounds,
    threshold,
  };
}

function checkThreshold({ metric, value }: Threshold): Threshold {
  oneOf(WHERE, 'the metric of the threshold', metric, Object.keys(METRICS) as MetricName[]);
  return { metric, value: number(WHERE, 'the value of the threshold', value, -1e6, 1e6) };
}

/** Whether a score reaches the threshold from the attacker's side. NaN does not. */
export const reaches = ({ metric, value }: Threshold, score: number): boolean =>
  METRICS[metric].better === 'higher' ? score >= value : score <= value;

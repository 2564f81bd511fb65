import { problem } from '../core/errors.js';
import {
  checked,
  flag,
  group,
  listOf,
  needed,
  type Option,
  type OptionTable,
  real,
  schemaOf,
  text,
  whole,
  word,
  words,
} from '../core/option-table.js';
import type { Layer } from '../core/types.js';
import { CLIENT_TABLE, type ClientOptions } from '../federation/index.js';
import { METRICS, type MetricName } from '../metrics/index.js';
import { type BatchNormMode, PRECODE_TABLE, type PrecodeOptions } from '../models/index.js';
import { parseObfuscation } from '../obfuscation/index.js';
import { lookUp, MODELS } from '../registry/index.js';
import { SOTERIA_TABLE, type SoteriaOptions } from '../studies/index.js';
import { TRAINING_TABLE, type TrainingConfig } from './cost.js';

/** A score of one image, and from where on an image counts as rebuilt. */
export interface Threshold {
  readonly metric: MetricName;
  readonly value: number;
}

/** A network by its name, or as a list of layers. */
export type NetworkChoice = string | { readonly name?: string; readonly layers: readonly Layer[] };

/** What is to be audited; `roglab audit --schema config` prints it for editors. */
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
  /**
   * How batch normalisation works while the client trains, whatever the network's file says (most are exported as they
   * are evaluated): `train` by its batch's own statistics, `eval` by the running ones. Default: as the network has it.
   */
  readonly batchNorm?: BatchNormMode;
  /** File with the weights before the round, as loadWeights() reads it. Default: initial weights by `seed`. */
  readonly weights?: string;
  /**
   * File with the weights after the round: the update is then the client's own, its images the first `batch` of the
   * data in their order, and checkClient() says whether `client` describes it. It may hold a part of the network, see
   * loadSent(): the others are those of `client.frozen`, or were not sent. Default: the client is simulated.
   */
  readonly after?: string;
  /**
   * Instead of `after`: file with the gradient that the client sent (FedSGD), as loadGradients() reads it, of one step
   * of plain SGD; its learning rate means nothing.
   */
  readonly gradients?: string;
  /** As openDataset() takes it: `folder:DIR`, `photos`, ... Default: that of ROGLAB_DATA, else CIFAR-10. */
  readonly data?: string;
  /** Side of the images in pixels; default the data set's own. */
  readonly size?: number;
  /** Images in a client's batch; default 8. */
  readonly batch?: number;
  /** Clients whose mean alone the server sees (secure aggregation), phi on each before the sum. Default 1. */
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

type Unsaid = 'precode' | 'soteria' | 'batchNorm' | 'weights' | 'after' | 'gradients' | 'data' | 'size' | 'training';

const WHERE = 'audit';

export const isFile = (network: string): boolean => network.endsWith('.onnx');

const layers = { type: 'array', items: { type: 'object', required: ['kind'] } };
const network = {
  about: 'name of a ready-made network, an ONNX file, or its layers',
  initial: 'lenet',
  schema: {
    anyOf: [
      { type: 'string' },
      { type: 'object', required: ['layers'], properties: { name: { type: 'string' }, layers } },
    ],
  },
  check: (_, __, value) => {
    if (typeof value === 'string' && !isFile(value)) lookUp(`${WHERE} network`, MODELS, value);
  },
} satisfies Option<NetworkChoice>;

const shortForm: Option<string> = {
  about: 'an obfuscation',
  schema: { type: 'string', examples: ['none', 'quantize:4', 'topk:0.95', 'noise:-10'] },
  check: (_, __, value) => void parseObfuscation(value as string),
};

const { seed: _, ...CLIENT } = CLIENT_TABLE;

const THRESHOLD = {
  metric: needed(word('score of an image', Object.keys(METRICS) as MetricName[])),
  value: needed(real('from where on it counts as rebuilt', undefined, { from: -1e6, to: 1e6 })),
} satisfies OptionTable<Threshold>;

const CONFIG = {
  network,
  precode: group("the client puts PRECODE's bottleneck before its last layer; default none", PRECODE_TABLE),
  soteria: group('the client prunes its first dense layer by Soteria before phi; default none', SOTERIA_TABLE),
  batchNorm: word('batch normalisation while the client trains; default as the network has it', ['train', 'eval']),
  weights: text('weights before the round: .pt, .pth, .npz, .npy or safetensors; default by seed', 'FILE'),
  after: text("weights after the client's own round; its images are the first of the data", 'FILE'),
  gradients: text('instead of after: the gradient that the client sent, one tensor for each of the weights', 'FILE'),
  data: text('folder:DIR, cifar10, photos, scenes ...', 'NAME'),
  size: whole("side of the images in pixels; default the data set's own"),
  batch: whole("images in a client's batch", 8),
  clients: whole('clients whose mean alone the server sees (secure aggregation)', 1),
  batches: whole('different batches that are attacked', 1),
  client: { ...group<ClientOptions>('what the client does and announces, as for clientUpdate()', CLIENT), initial: {} },
  phi: listOf('obfuscations in their short form', shortForm, ['none']),
  labels: words('what the server is taken to know', ['known', 'infer'], ',', ['known', 'infer']),
  iterations: whole('objective-and-gradient evaluations of an attack', 200),
  seed: whole('of images, initial weights, phi and starting points', 1, { from: 0 }),
  threshold: {
    ...group<Threshold>('from where on an image counts as rebuilt', THRESHOLD),
    initial: { metric: 'ssim', value: 0.5 } as const,
  },
  training: group('measure accuracy by a short federated training with each phi; default not', TRAINING_TABLE),
  remedies: flag('look for the smallest change that brings every image under the threshold', true),
  bounds: flag('put Bayesian Cramer-Rao bound and inversion influence beside the attacks', true),
} satisfies OptionTable<AuditConfig>;

/** The JSON schema of a config, for editors: made of the table that reads it. */
export const auditSchema = (): object => {
  const { properties, ...rest } = schemaOf(CONFIG) as { properties: object };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'roglab audit: config',
    ...rest,
    properties: { $schema: { type: 'string' }, ...properties },
  };
};

/**
 * A config, checked and completed.
 * @throws unknown keys (the nearest is named), kinds and ranges, phi that cannot be read
 */
export function readConfig(config: AuditConfig): Audit {
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw problem(WHERE, 'the config must be an object', config, 'e.g. { "phi": ["quantize:4"] }');
  const { $schema: _, ...given } = config as AuditConfig & { $schema?: string };
  const settings: Audit = checked(WHERE, given as AuditConfig, CONFIG);
  const { after, gradients, weights, batches, clients } = settings;
  if (after !== undefined && gradients !== undefined)
    throw problem(WHERE, 'give after or gradients: what one client sent', [after, gradients]);
  const sent = after ?? gradients;
  const what = after === undefined ? 'gradients, those of a client,' : 'after, the weights after a round,';
  if (sent !== undefined && (weights === undefined || batches > 1 || clients > 1))
    throw problem(WHERE, `${what} needs weights, one client and one batch`, sent);
  return settings;
}

/** Whether a score reaches the threshold from the attacker's side. NaN does not. */
export const reaches = ({ metric, value }: Threshold, score: number): boolean =>
  METRICS[metric].better === 'higher' ? score >= value : score <= value;

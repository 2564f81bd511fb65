import { checkFinite, checkMatches } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { ImageShape, NamedArray } from '../core/types.js';
import type { GeneratorDesign } from './generator.js';
import { GENERATOR_DESIGN, generatorBasis, generatorShape, generatorSpecs, latentSize } from './generator.js';
import { RESTORER_CLASS_NAMES } from './restorer.js';
import { shippedWeights } from './shipped.js';

/** A class-conditional generator, ready to use. */
export interface Generator {
  readonly kind: 'generator';
  readonly design: GeneratorDesign;
  readonly imageShape: ImageShape;
  /** Length of the latent. */
  readonly latent: number;
  /** What its classes are called, in their order. */
  readonly classNames: readonly string[];
  /** Basis, mean and root: what was measured. */
  readonly fixed: readonly NamedArray[];
  /** What was trained. */
  readonly weights: readonly NamedArray[];
}

/**
 * A generator from weights as generatorSpecs() orders them: what is measured, then what is trained.
 * @throws tensors that are not the design's, by name and shape; entries that are no numbers; one name per class
 */
export function generatorFrom(
  weights: readonly NamedArray[],
  classNames: readonly string[],
  design: GeneratorDesign = GENERATOR_DESIGN,
): Generator {
  const where = 'generator';
  if (classNames.length !== design.classes)
    throw problem(where, `there must be ${design.classes} class names`, classNames.length);
  checkMatches(where, weights, generatorSpecs(design), 'npm run train -- generator');
  checkFinite(where, weights);
  return {
    kind: 'generator',
    design,
    imageShape: generatorShape(design),
    latent: latentSize(design),
    classNames,
    fixed: [generatorBasis(design), ...weights.slice(0, 2)],
    weights: weights.slice(2),
  };
}

let loaded: Promise<Generator> | undefined;

/**
 * The generator that comes with the package: 32x32 pictures of CIFAR-10's classes, trained by this project on
 * CIFAR-10's training images. Read once a process, checked against its card.
 * @throws no such file, one that is truncated or whose sha256 is not its card's, tensors that are not the network's
 */
export function shippedGenerator(): Promise<Generator> {
  loaded ??= shippedWeights('generator').then((weights) => generatorFrom(weights, RESTORER_CLASS_NAMES));
  loaded.catch(() => {
    loaded = undefined; // a file that is repaired is read again
  });
  return loaded;
}

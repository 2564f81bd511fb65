import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Observation } from '../../src/core/types.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet, network } from '../../src/models/index.js';
import type { AttackName } from '../../src/registry/index.js';

/** A small observation that an attack takes. */
export async function checkable(attack: AttackName): Promise<Observation> {
  const imageShape = [8, 8, 3] as const;
  const dense = { kind: 'dense', units: 10, bias: true } as const;
  const model =
    attack === 'analytic'
      ? network({ name: 'dense', imageShape, classes: 10, layers: [dense] })
      : lenet({ imageShape });
  const labels = Int32Array.of(1);
  const images = ndarray([1, ...imageShape], uniformStream(3));
  return observe(model, await clientUpdate(model, { images, labels }), { labels });
}

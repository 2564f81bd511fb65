import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { decodeSafetensors } from '../assets/index.js';
import { checkFinite } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { oneOf } from '../core/options.js';
import type { Model, NamedArray } from '../core/types.js';
import { type Card, cardFrom } from './card.js';
import { tagger } from './tagger.js';
import { trunk } from './trunk.js';

/** The classifiers that this project trained and ships: name -> architecture. */
const SHIPPED = {
  tagger: () => tagger(),
  trunk: () => trunk(),
  'trunk-loss': () => trunk({}, 'trunk-loss'),
} as const satisfies Record<string, () => Model>;

export type ShippedName = keyof typeof SHIPPED;

const home = (): string => fileURLToPath(new URL('../../../data/weights/', import.meta.url));

const loaded = new Map<string, Promise<Model>>();

/**
 * A network of the attacker's with the weights that come with the package: `tagger` (names what is in a picture),
 * `trunk` (features for distances) or `trunk-loss` (only ever in a training loss). Read once a process, checked against
 * the card.
 * @param folder where NAME.safetensors and NAME.json are; default data/weights of the package
 * @throws no such file, one that is truncated or whose sha256 is not its card's, tensors that are not the
 * architecture's
 */
export async function shippedModel(name: ShippedName, folder = home()): Promise<Model> {
  oneOf('shippedModel', 'name', name, Object.keys(SHIPPED));
  const key = `${folder} ${name}`;
  const model = loaded.get(key) ?? open(name, folder);
  loaded.set(key, model);
  model.catch(() => loaded.delete(key)); // a file that is repaired is read again
  return model;
}

async function open(name: ShippedName, folder: string): Promise<Model> {
  const model = SHIPPED[name]();
  return {
    ...model,
    parameters: matched(`shippedModel ${name}`, await shippedWeights(name, folder), model.parameters),
  };
}

/**
 * The arrays of data/weights/NAME.safetensors, checked against bytes and sha256 of its card NAME.json.
 * @throws no such file, a card that is not as it was written, truncated or other bytes, entries that are no numbers
 */
export async function shippedWeights(name: string, folder = home()): Promise<NamedArray[]> {
  const where = `weights of ${name}`;
  const again = `npm run train -- ${name} makes them again, or install the package again`;
  const read = (file: string): Promise<Buffer> =>
    readFile(`${folder}/${file}`).catch((error: NodeJS.ErrnoException) => {
      throw problem(where, `cannot read ${file} in ${folder}: ${error.code}`, undefined, again);
    });
  const card = cardFrom(where, (await read(`${name}.json`)).toString());
  const bytes = await read(`${name}.safetensors`);
  if (bytes.length !== card.bytes) {
    const fix = `the file is truncated or another one: ${again}`;
    throw problem(where, `the card announces ${card.bytes} bytes`, bytes.length, fix);
  }
  const found = sha256(bytes);
  if (found !== card.sha256)
    throw problem(
      where,
      `the card announces sha256 ${card.sha256}`,
      found,
      `the file is damaged or another one: ${again}`,
    );
  const { tensors } = decodeSafetensors(bytes, where);
  checkFinite(where, tensors);
  return [...tensors];
}

/**
 * What the card of shipped weights says: data, command, seed, minutes, measured scores, bytes, sha256.
 * @throws no such file; not as it was written, by its own sha256
 */
export async function shippedCard(name: ShippedName | 'restorer' | 'generator', folder = home()) {
  const text = await readFile(`${folder}/${name}.json`, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw problem(`card of ${name}`, `cannot read ${name}.json in ${folder}: ${error.code}`);
  });
  return cardFrom(`card of ${name}`, text) as Card;
}

/** The tensors in the order of the architecture's parameters. @throws one is missing, left over or of another shape */
function matched(where: string, tensors: readonly NamedArray[], parameters: readonly NamedArray[]): NamedArray[] {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const spare = tensors.find(({ name }) => !parameters.some((p) => p.name === name));
  if (spare) throw problem(where, `the architecture has no tensor ${spare.name}`, spare.shape);
  return parameters.map(({ name, shape }) => {
    const tensor = byName.get(name);
    if (String(tensor?.shape) !== String(shape))
      throw problem(where, `tensor ${name} must have shape [${shape}]`, tensor?.shape ?? 'no such tensor');
    return tensor!;
  });
}

import type { PlaceName } from './backgrounds.js';
import type { Chance } from './chance.js';
import type { Part } from './render.js';
import { balloon } from './things/balloon.js';
import { car } from './things/car.js';
import { cat } from './things/cat.js';
import { cup } from './things/cup.js';
import { fish } from './things/fish.js';
import { flower } from './things/flower.js';
import { house } from './things/house.js';
import { mushroom } from './things/mushroom.js';
import type { PropName } from './things/props.js';
import { sailboat } from './things/sailboat.js';
import { tree } from './things/tree.js';

export interface SceneClass {
  readonly name: string;
  readonly parts: (chance: Chance) => Part[];
  readonly places: readonly PlaceName[];
  /** Lowest point of the thing in its own coordinates when it stands on the ground; absent: it floats. */
  readonly foot?: number;
  /** Largest half tangent of its turn (0.1 is about 11 degrees). */
  readonly lean: number;
  readonly scale: readonly [low: number, high: number];
  readonly props: readonly PropName[];
}

const OUTDOORS: readonly PropName[] = ['bush', 'rock', 'grass', 'post', 'twig'];
const LOW: readonly PropName[] = ['grass', 'rock', 'twig'];

/** A class by its maker, which has its name. */
const thing = (
  parts: SceneClass['parts'],
  stands: Pick<SceneClass, 'foot' | 'lean' | 'scale'>,
  places: readonly PlaceName[],
  props: readonly PropName[],
): SceneClass => ({ name: parts.name, parts, ...stands, places, props });

/** The ten classes. Several share each place, so that the background alone does not give the class away. */
export const CLASSES: readonly SceneClass[] = [
  thing(balloon, { lean: 0.08, scale: [0.6, 0.85] }, ['meadow', 'sea', 'street'], ['twig', 'bush', 'post']),
  thing(car, { foot: 0.7, lean: 0.02, scale: [0.6, 0.85] }, ['street', 'street', 'meadow', 'forest'], OUTDOORS),
  thing(
    cat,
    { foot: 1.2, lean: 0.1, scale: [0.6, 0.85] },
    ['room', 'blur', 'meadow', 'street'],
    ['ball', 'grass', 'twig'],
  ),
  thing(
    cup,
    { foot: 0.9, lean: 0.04, scale: [0.5, 0.75] },
    ['room', 'room', 'blur', 'meadow'],
    ['ball', 'twig', 'rock'],
  ),
  thing(
    fish,
    { lean: 0.16, scale: [0.6, 0.9] },
    ['underwater', 'underwater', 'blur', 'sea'],
    ['rock', 'grass', 'twig'],
  ),
  thing(flower, { foot: 1, lean: 0.1, scale: [0.6, 0.85] }, ['blur', 'meadow', 'forest', 'room'], LOW),
  thing(house, { foot: 1, lean: 0.015, scale: [0.6, 0.82] }, ['meadow', 'meadow', 'forest', 'street'], OUTDOORS),
  thing(mushroom, { foot: 1, lean: 0.08, scale: [0.55, 0.8] }, ['forest', 'forest', 'meadow', 'blur'], LOW),
  thing(sailboat, { foot: 0.96, lean: 0.06, scale: [0.6, 0.85] }, ['sea'], ['rock', 'twig', 'post']),
  thing(tree, { foot: 1, lean: 0.05, scale: [0.65, 0.9] }, ['meadow', 'meadow', 'street', 'forest'], OUTDOORS),
];

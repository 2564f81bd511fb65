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

/** A class of the data set. */
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

/** The ten classes. Several share each place, so that the background alone does not give the class away. */
export const CLASSES: readonly SceneClass[] = [
  {
    name: 'balloon',
    parts: balloon,
    places: ['meadow', 'sea', 'street'],
    lean: 0.08,
    scale: [0.6, 0.85],
    props: ['twig', 'bush', 'post'],
  },
  {
    name: 'car',
    parts: car,
    places: ['street', 'street', 'meadow', 'forest'],
    foot: 0.7,
    lean: 0.02,
    scale: [0.6, 0.85],
    props: OUTDOORS,
  },
  {
    name: 'cat',
    parts: cat,
    places: ['room', 'blur', 'meadow', 'street'],
    foot: 1.2,
    lean: 0.1,
    scale: [0.6, 0.85],
    props: ['ball', 'grass', 'twig'],
  },
  {
    name: 'cup',
    parts: cup,
    places: ['room', 'room', 'blur', 'meadow'],
    foot: 0.9,
    lean: 0.04,
    scale: [0.5, 0.75],
    props: ['ball', 'twig', 'rock'],
  },
  {
    name: 'fish',
    parts: fish,
    places: ['underwater', 'underwater', 'blur', 'sea'],
    lean: 0.16,
    scale: [0.6, 0.9],
    props: ['rock', 'grass', 'twig'],
  },
  {
    name: 'flower',
    parts: flower,
    places: ['blur', 'meadow', 'forest', 'room'],
    foot: 1,
    lean: 0.1,
    scale: [0.6, 0.85],
    props: ['grass', 'rock', 'twig'],
  },
  {
    name: 'house',
    parts: house,
    places: ['meadow', 'meadow', 'forest', 'street'],
    foot: 1,
    lean: 0.015,
    scale: [0.6, 0.82],
    props: OUTDOORS,
  },
  {
    name: 'mushroom',
    parts: mushroom,
    places: ['forest', 'forest', 'meadow', 'blur'],
    foot: 1,
    lean: 0.08,
    scale: [0.55, 0.8],
    props: ['grass', 'rock', 'twig'],
  },
  {
    name: 'sailboat',
    parts: sailboat,
    places: ['sea'],
    foot: 0.96,
    lean: 0.06,
    scale: [0.6, 0.85],
    props: ['rock', 'twig', 'post'],
  },
  {
    name: 'tree',
    parts: tree,
    places: ['meadow', 'meadow', 'street', 'forest'],
    foot: 1,
    lean: 0.05,
    scale: [0.65, 0.9],
    props: OUTDOORS,
  },
];

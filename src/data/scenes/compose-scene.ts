import { PLACES } from './backgrounds.js';
import { type Chance, chanceOf } from './chance.js';
import type { Placed, Scene, Shadow } from './render.js';
import { CLASSES, type SceneClass } from './scene-classes.js';
import { clamp, length, rotation } from './shapes.js';
import { fractal } from './texture.js';
import { PROPS, type PropName } from './things/props.js';

/** Draws everything about one picture of a class from one stream: place, light, subject, what hides a part of it. */
export function composeScene(kind: SceneClass, uniform: () => number, size: number): Scene {
  const chance = chanceOf(uniform);
  const { between, odds, pick, whole } = chance;
  // finer octaves than the samples can show would only alias
  const texture = fractal(whole(0, 2 ** 30), size <= 32 ? 3 : size <= 64 ? 4 : 5);
  const place = PLACES[pick(kind.places)](chance, texture);
  const subject = placeSubject(kind, chance, place.horizon);
  const grounded = kind.foot !== undefined;
  const ground = grounded ? subject.at[1] + subject.scale * kind.foot : 1;
  const light = lightFrom(between(-0.8, 0.8), between(-0.9, -0.3), between(0.45, 0.9));
  const behind = odds(0.5)
    ? [placeProp(pick(kind.props), chance, [between(-1, 1), ground - 0.35, between(0.2, 0.35)])]
    : [];
  const side = odds(0.5) ? 1 : -1;
  const before = odds(0.45)
    ? [placeProp(pick(kind.props), chance, [side * between(0.45, 0.95), between(0.65, 0.95), between(0.25, 0.45)])]
    : [];
  const shadow: Shadow = {
    at: [subject.at[0] - light[0] * 0.25, ground - 0.02],
    radius: [subject.scale * between(0.95, 1.2), subject.scale * between(0.16, 0.26)],
    strength: between(0.5, 0.8),
  };
  const exposure = between(0.5, 1.25);
  return {
    background: place.background,
    shadows: grounded ? [shadow] : [],
    things: [...behind, subject, ...before],
    light,
    ambient: between(0.2, 0.45),
    exposure: [exposure * between(0.93, 1.07), exposure, exposure * between(0.9, 1.1)],
    vignette: between(0, 0.5),
    texture,
  };
}

/** All class names in the order of the labels. */
export const SCENE_NAMES: readonly string[] = CLASSES.map(({ name }) => name);

function placeSubject(kind: SceneClass, chance: Chance, horizon: number): Placed {
  const { between, odds } = chance;
  const scale = between(...kind.scale);
  const reach = 1 - scale;
  const standing = clamp(between(horizon + 0.25, 0.98), 0.55, 0.98);
  const y = kind.foot === undefined ? between(-0.6, 0.6) * reach : standing - scale * kind.foot;
  return {
    parts: kind.parts(chance),
    at: [between(-1, 1) * (reach + 0.08), y],
    scale,
    turn: rotation(between(-kind.lean, kind.lean)),
    mirrored: odds(0.5),
  };
}

function placeProp(name: PropName, chance: Chance, [x, y, scale]: readonly [number, number, number]): Placed {
  return {
    parts: PROPS[name](chance),
    at: [x, y],
    scale,
    turn: rotation(chance.between(-0.08, 0.08)),
    mirrored: chance.odds(0.5),
  };
}

function lightFrom(x: number, y: number, z: number): Scene['light'] {
  const norm = length(length(x, y), z);
  return [x / norm, y / norm, z / norm];
}

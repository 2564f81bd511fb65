import { integer, number } from '../core/options.js';
import type { Layer, Model } from '../core/types.js';
import { type NetworkOptions, readyMade } from './build.js';

/** Options of {@link vit}. */
export interface VitOptions extends NetworkOptions {
  /** Pixels of a patch's side; default 4. */
  readonly patch?: number;
  /** Numbers per token; default 64. */
  readonly width?: number;
  /** Blocks; default 4. */
  readonly depth?: number;
  /** Heads of each attention; must divide the width; default 4. */
  readonly heads?: number;
  /** Hidden units of each block's dense layers; default 4 width. */
  readonly hidden?: number;
  /** Of every dropout layer; default 0.1. Whether they do anything: `dropout`. */
  readonly rate?: number;
}

const norm: Layer = { kind: 'layerNorm', epsilon: 1e-6 };

/**
 * A vision transformer as in torchvision, with a class token, learned positions, norm before attention and dense
 * layers, and GELU; small by default. { patch: 16, width: 768, depth: 12, heads: 12 } is ViT-B/16: 86,567,656
 * parameters at 224x224 and 1000 classes.
 * Source: Dosovitskiy et al. 2021.
 */
export const vit = (options: VitOptions = {}): Model => {
  const { patch = 4, width = 64, depth = 4, heads = 4, hidden = 4 * width, rate = 0.1 } = options;
  for (const [name, value] of Object.entries({ patch, width, depth, heads, hidden })) integer('vit', name, value, 1);
  number('vit', 'rate', rate, 0, 0.99);
  const dropout: Layer = { kind: 'dropout', rate };
  const perToken = (units: number): Layer => ({ kind: 'dense', units, bias: true, perToken: true });
  const block: Layer[] = [
    { kind: 'residual', body: [norm, { kind: 'attention', heads }, dropout], shortcut: [] },
    {
      kind: 'residual',
      body: [norm, perToken(hidden), { kind: 'gelu' }, dropout, perToken(width), dropout],
      shortcut: [],
    },
  ];
  return readyMade(
    'vit',
    (classes) => [
      { kind: 'patchEmbedding', size: patch, units: width },
      { kind: 'classToken' },
      { kind: 'positions' },
      dropout,
      ...Array.from({ length: depth }, () => block).flat(),
      norm,
      { kind: 'takeToken' },
      { kind: 'dense', units: classes, bias: true },
    ],
    options,
    ['patch', 'width', 'depth', 'heads', 'hidden', 'rate'],
  );
};

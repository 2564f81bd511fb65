import { resize, type Tensor, type Tensor4D, tf } from '../../engine/index.js';

/** What keeps the square root differentiable where a layer is silent: (1e-10)^2, as the 1e-10 of the published code. */
const SILENT = 1e-20;

/** f / |f| along the channels. */
const unit = (f: Tensor): Tensor => tf.div(f, tf.sqrt(tf.add(tf.sum(tf.square(f), 3, true), SILENT)));

/** d(h, w) = sum_c weight_c (f_c / |f| - g_c / |g|)^2 by layer, [batch, h, w, 1] (Zhang et al. 2018, equation 1). */
export function layerMaps(f: readonly Tensor[], g: readonly Tensor[], weights?: readonly Tensor[]): Tensor4D[] {
  return f.map((layer, k) => {
    const squares = tf.square(tf.sub(unit(layer), unit(g[k]!)));
    const weighted = weights ? tf.mul(squares, tf.reshape(weights[k]!, [1, 1, 1, -1])) : squares;
    return tf.sum(weighted, 3, true) as Tensor4D;
  });
}

/** The mean of each map over the picture: [batch] per layer. */
export const layerMeans = (maps: readonly Tensor4D[]): Tensor[] => maps.map((map) => tf.mean(map, [1, 2, 3]));

export const total = (layers: readonly Tensor[]): Tensor => layers.reduce((sum, layer) => tf.add(sum, layer));

/** The maps at the size of the picture (bilinear, half-pixel centres): [batch, h, w] per layer. */
export const atSize = (maps: readonly Tensor4D[], height: number, width: number): Tensor[] =>
  maps.map((map) => tf.squeeze(resize(map, [height, width], 'bilinear'), [3]));

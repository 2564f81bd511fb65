import { loadOnnx, type OnnxGraph } from '../../assets/index.js';
import { checkFinite, sizeOf } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import { checkOptions } from '../../core/options.js';
import { uniformStream } from '../../core/random.js';
import type { Model, NdArray } from '../../core/types.js';
import { compile, onnxAvailable, onnxValues, type Tensor, tf } from '../../engine/index.js';
import { network } from '../build.js';
import { forward } from '../forward.js';
import { draws, inEvaluation } from '../modes.js';
import { fromTorch } from '../torch-weights.js';
import { follow } from './follow.js';
import type { Known, Learned } from './known.js';
import { layersBetween } from './layers-between.js';
import { fileOf, leaves } from './sources.js';

/** Options of {@link loadNetwork}. */
export interface NetworkFileOptions {
  /** Default `network`. */
  readonly name?: string;
}

/**
 * The network of an ONNX file, as a list of layers with its weights, e.g. of
 * `torch.onnx.export(model, (image,), path, optimize=False)`.
 *
 * Read are Conv, ConvTranspose, Gemm, MatMul, BatchNormalization (both modes), GroupNorm, LayerNorm,
 * InstanceNormalization, RMS norm, pools of the plane and over channels, Resize to more cells, Add, Sub, Mul, Div, Max,
 * Concat, Flatten, Reshape, Split, Slice, Pad, DepthToSpace, Pow, Dropout, the activations of this library, learned
 * factors and summands of channels or of all, patch embedding, class token, positions and self-attention as PyTorch
 * and vit-pytorch export them; pictures [n, c, h, w], [n, h, w, c] as tf2onnx has them, or [n, h, w]; a Softmax at the
 * end is left out, since training puts it into the loss. Values may cross: what is no residual block or branches is a
 * `graph` layer.
 * Nothing is guessed: axes and the order of flattening come from the graph, and where ONNX Runtime loads, the network's
 * answers on a random image must be the file's to 1e-4. An export that is optimised is not the network that a client
 * trains: batch normalisation is folded into the convolutions before it, biases of zeros are left out, equal tensors
 * merged. Export with `optimize=False`, or by the older exporter with
 * `training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False`. Names of tensors are kept, and
 * {@link loadWeights} goes by them.
 * @throws no ONNX; operations or shapes that are not known, by the name of their node; several inputs; other answers
 * @example const model = await rog.loadNetwork('client.onnx')
 */
export async function loadNetwork(path: string, options: NetworkFileOptions = {}): Promise<Model> {
  checkOptions('loadNetwork', options, ['name']);
  const where = `loadNetwork ${path}`;
  const graph = loadOnnx(path);
  const { known, end, layers, tensors } = partsOf(graph, where);
  checkShared(where, tensors);
  const [, channels, height, width] = known.shape(known.input) as [number, number, number, number];
  const classes = known
    .shape(end)
    .slice(1)
    .reduce((product, n) => product * n, 1);
  const { name = 'network' } = options;
  const blank = network({ name, layers, imageShape: [height, width, channels], classes });
  const { parameters, buffers, taken } = fromTorch(where, blank, tensors);
  const traced = fileOf(graph, (other) => partsOf(other, where).tensors, tensors, taken);
  const file = { ...traced, ...(end !== known.output && { softmax: true as const }) };
  const model = { ...blank, parameters, ...(buffers.length > 0 && { buffers }), file };
  checkFinite(where, [...parameters, ...buffers], 'the weights');
  await checkAnswers(path, where, model, known);
  return model;
}

function partsOf(graph: OnnxGraph, where: string) {
  const known = follow(graph, where);
  const end = withoutSoftmax(known);
  return { known, end, ...layersBetween(known.input, end, known) };
}

/** Vectors may be equal (gains of 1) and are then one for some exporters; matrices that are one are shared. */
function checkShared(where: string, tensors: readonly Learned[]): void {
  const met = new Set<string>();
  for (const name of tensors.flatMap(matricesOf)) {
    if (met.has(name))
      throw problem(
        where,
        'no two layers may have the same weights: a list of layers cannot share them',
        name,
        'where the exporter made one of two that are equal, export with optimize=False',
      );
    met.add(name);
  }
}

/** Each by the name nearest to its use, once a parameter: queries, keys and values may be parts of one. */
const matricesOf = (tensor: Learned): string[] => [
  ...new Set(
    leaves(tensor).flatMap(({ names, shape }) => (shape.filter((n) => n > 1).length > 1 ? (names?.[0] ?? []) : [])),
  ),
];

function withoutSoftmax(known: Known): string {
  const node = known.maker(known.output);
  return node?.op === 'Softmax' || node?.op === 'LogSoftmax' ? node.inputs[0]! : known.output;
}

const CLOSE = 1e-4;

/** Compares with ONNX Runtime's answers; a network in training mode with dropout has none that are its own. */
async function checkAnswers(path: string, where: string, model: Model, known: Known): Promise<void> {
  if (!onnxAvailable().ok || draws(model)) return;
  const random = uniformStream(1);
  const shape = [known.batch, ...model.imageShape];
  const image: NdArray = { shape, data: Float32Array.from({ length: sizeOf(shape) }, random) };
  const softmax = known.maker(known.output)?.op;
  const first = known.channelsLast ? image : channelsFirst(image);
  const given = known.gray ? { ...first, shape: first.shape.toSpliced(1, 1) } : first;
  const theirs = await onnxValues(path, given).catch((error: Error) => {
    throw problem(where, 'ONNX Runtime must be able to run the file', error.message.split('\n')[0]);
  });
  const wild = theirs.find((value) => !Number.isFinite(value));
  if (wild !== undefined) {
    const fix = 'its weights are damaged, or its numbers grow beyond 32 bits';
    throw problem(where, "the network's answers to an image must be finite numbers", wild, fix);
  }
  const size = Math.max(...theirs.map(Math.abs), 1e-6);
  const off: number[] = [];
  for (const one of [inEvaluation(model), model]) {
    const ours = await answers(one, image, softmax).catch(() => new Float32Array());
    off.push(
      ours.length === theirs.length ? Math.max(...theirs.map((value, i) => Math.abs(value - ours[i]!))) / size : 1,
    );
  }
  // before opset 14 ONNX Runtime takes a batch's own statistics where a file says so
  if (!(Math.min(...off) <= CLOSE)) {
    const fix = 'please report it';
    throw problem(where, 'the layers that were read must give the answers of the file', `off by ${off[0]}`, fix);
  }
}

async function answers(model: Model, image: NdArray, last: string | undefined): Promise<Float32Array> {
  const evaluate = forward(model);
  const step = await compile(
    (x: Tensor, ...parameters: Tensor[]) => {
      const logits = evaluate(parameters, x);
      return [last === 'Softmax' ? tf.softmax(logits) : last === 'LogSoftmax' ? tf.logSoftmax(logits) : logits];
    },
    [image, ...model.parameters],
    { name: `answers of ${model.name}` },
  );
  try {
    const [values] = await step.run(image, ...model.parameters);
    return values!.data;
  } finally {
    step.dispose();
  }
}

function channelsFirst({ shape, data }: NdArray): NdArray {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const plane = height * width;
  const out = new Float32Array(data.length);
  data.forEach((value, i) => {
    const [c, at] = [i % channels, Math.floor(i / channels)];
    out[(Math.floor(at / plane) * channels + c) * plane + (at % plane)] = value;
  });
  return { shape: [batch, channels, height, width], data: out };
}

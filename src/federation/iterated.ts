import { trainedOf } from '../core/frozen.js';
import type { ClientSettings, Model, NdArray } from '../core/types.js';
import { type Kept, type Tensor, tf } from '../engine/index.js';
import { corrections } from './client-optimizers.js';
import { assumed, stepsOf } from './client-settings.js';
import { together } from './iterated-clients.js';
import { blankRows, compiledStep, type Layout, type LocalStepRun, startState } from './iterated-step.js';
import type { Iterated, Sweep } from './iterated-type.js';
import { laterRows } from './later-rows.js';
import { pick, scaled, scatter, slice, zeros } from './picked-rows.js';
import { matrixOf, perRow, responses, thinOf } from './thin-weights.js';
import { type Run, runOf } from './told-by-run.js';

/**
 * What goes from one local step to the next: E_t = w0 - w_t for each parameter that is carried whole, summed up from
 * the moves so that no digit is lost, then the optimizer's arrays. Nothing writes to it.
 */
type State = readonly NdArray[];

/** What only some know. */
interface Own {
  /** Seed of the client's dropout masks; default none. */
  readonly secret?: number;
  /** Bytes that may be held for the way back instead of computed again; default 256 MiB. */
  readonly room?: number;
}

/**
 * The same function as localSteps(), with time linear in the number of steps and an event loop that is free between
 * them: one local step is compiled, and its product with a vector from the left (reverse mode), whatever their number.
 * The way back takes what the way there has kept, as far as there is room: the states between checkpoints are computed
 * a second time where all do not fit. Where not even sqrt(tau) steps do, checkpoints are sqrt(tau) steps apart, 2
 * sqrt(tau) states are held at a time, and each step is computed a third time for what its way back needs.
 * @param way `forward` compiles no way back
 */
export async function iterated(
  model: Model,
  settings: ClientSettings,
  way: 'forward' | 'both' = 'both',
  own: Own = {},
): Promise<Iterated> {
  const { client } = assumed(settings);
  if (!client.clients) return alone(model, client, way, own);
  return together(client.clients, ({ settings }) => alone(model, settings, way, own));
}

async function alone(
  model: Model,
  client: ClientSettings,
  way: 'forward' | 'both',
  { secret, room = 2 ** 28 }: Own,
): Promise<Iterated> {
  const steps = stepsOf(client);
  const sizes = steps.map(({ rows }) => rows?.length ?? client.batchSize);
  const layout = layoutOf(model, client, sizes, way, secret);
  const { thin, whole } = layout;
  const runs = new Map<number, Run & { readonly step: LocalStepRun }>();
  const dispose = (): void => {
    for (const { step } of runs.values()) step.dispose();
  };
  const count = { forward: 0, back: 0, held: 0 };
  try {
    for (const size of new Set(sizes)) {
      const run = runOf(model, size, { secret });
      runs.set(size, { ...run, step: await compiledStep(model, client, layout, { size, ...run }, way, secret) });
    }
  } catch (error) {
    dispose();
    throw error;
  }
  const first = startState(model, client, layout);
  const isThin = new Set(thin.map(({ k }) => k));
  const start = model.parameters.filter((_, k) => !isThin.has(k));
  const response = responses(client.optimizer!, thin.length > 0 ? steps : [], client.learningRate);
  const responsesAt = (t: number): NdArray[] => thin.map(({ perExample }) => perRow(response[t]!, sizes, perExample));
  const starts = [0, ...sizes.map((_, t) => sizes.slice(0, t + 1).reduce((sum, size) => sum + size, 0))];
  /** Rows of step t among all rows, of which there are two arrays for each thin parameter. */
  const own = (all: readonly NdArray[], t: number): NdArray[] =>
    all.map((array, i) => {
      const { perExample } = thin[i >> 1]!;
      return slice(array, starts[t]! * perExample, starts[t + 1]! * perExample);
    });
  const at = (t: number) => runs.get(sizes[t]!)!;
  const advance = async (images: NdArray, targets: NdArray, t: number, state: State, rows: readonly NdArray[]) => {
    count.forward++;
    const { rows: chosen, factor } = steps[t]!;
    const numbers = Float32Array.of(client.learningRate * factor, ...corrections(client.optimizer!, t));
    const { outputs, kept } = await at(t).step.there({
      head: [pick(images, chosen), pick(targets, chosen), { shape: [numbers.length], data: numbers }],
      drawn: at(t).drawings.map(({ shape, at: drawn }) => ({ shape, data: drawn(t) })),
      start,
      state,
      rows,
      responses: responsesAt(t),
    });
    const [loss, ...next] = outputs;
    const crossings = next.splice(first.length + 2 * thin.length);
    return { loss: loss!.data[0]!, state: next.splice(0, first.length), own: next, crossings, kept };
  };
  const weightsAt = (state: State): NdArray[] => {
    const weights: NdArray[] = [...model.parameters];
    for (const [i, k] of whole.entries()) weights[k] = minus(weights[k]!, state[i]!);
    return weights;
  };
  const stateBytes = bytesOf(first);
  const keptBytes = Math.max(...[...runs.values()].map(({ step }) => step.bytes)) + stateBytes;
  const root = Math.ceil(Math.sqrt(steps.length));
  const fit = Math.min(steps.length, Math.floor(room / keptBytes));
  const holds = fit >= root;
  const stride = holds ? fit : root;
  const bytes =
    Math.ceil(steps.length / stride) * stateBytes + (holds ? fit * keptBytes : root * stateBytes + keptBytes);
  return {
    engine: at(0).step.engine,
    work: () => ({ ...count }),
    dispose,
    forward: async (images, targets, visit) => {
      let state: State = first;
      let loss: number | undefined;
      for (let t = 0; t < steps.length; t++) {
        await visit?.(t, pick(images, steps[t]!.rows), weightsAt(state));
        const next = await advance(images, targets, t, state, []);
        loss ??= next.loss;
        state = next.state;
      }
      const delta = model.parameters.map(({ shape }) => zeros(shape));
      const moved = scaled(state.slice(0, whole.length), 1 / client.learningRate);
      for (const [i, k] of whole.entries()) delta[k] = moved[i]!;
      return { delta, loss: loss! };
    },
    parts: [...first.slice(0, whole.length), ...blankRows(layout)],
    delta: (parts) => {
      const delta: Tensor[] = model.parameters.map(({ shape }) => tf.zeros([...shape]));
      for (const [i, k] of whole.entries()) delta[k] = tf.div(parts[i]!, client.learningRate);
      for (const [i, { k, perExample }] of thin.entries()) {
        const [a, d] = parts.slice(whole.length + 2 * i);
        const { data } = perRow(response[steps.length]!, sizes, perExample);
        const c = tf.tensor1d(data.map((value) => value / client.learningRate));
        delta[k] = matrixOf({ a: a!, d: d!, c });
      }
      return delta;
    },
    sweep: async (images, targets) => {
      const rows = blankRows(layout);
      const later = laterRows(thin, starts);
      const checkpoints: State[] = [];
      let [state, last]: [State, Held[]] = [first, []];
      for (let t = 0; t < steps.length; t++) {
        if (t % stride === 0) {
          checkpoints.push(state);
          last = [];
        }
        const next = await advance(images, targets, t, state, rows);
        last.push(holds ? { kept: next.kept } : { state });
        own(rows, t).forEach(({ data }, i) => {
          data.set(next.own[i]!.data);
        });
        later.there(t, next.crossings);
        state = next.state;
      }
      const end = state;
      const again = async (from: number, checkpoint: State): Promise<Held[]> => {
        const held: Held[] = [];
        let state = checkpoint;
        for (let t = from; t < from + stride; t++) {
          const next = holds || t + 1 < from + stride ? await advance(images, targets, t, state, rows) : undefined;
          held.push(holds ? { kept: next!.kept } : { state });
          state = next?.state ?? state;
        }
        return held;
      };
      const back: Sweep['back'] = async (adjoints) => {
        const gradient = { images: zeros(images.shape), targets: zeros(targets.shape) };
        const slots = end.slice(whole.length).map(({ shape }) => zeros(shape));
        let state = [...adjoints.slice(0, whole.length), ...slots];
        const ends = adjoints.slice(whole.length);
        const held = later.back();
        count.held = Math.max(count.held, bytes);
        for (const [segment, checkpoint] of [...checkpoints.entries()].reverse()) {
          const from = segment * stride;
          const ways = segment === checkpoints.length - 1 ? last : await again(from, checkpoint);
          for (let t = from + ways.length - 1; t >= from; t--) {
            const { kept, state: old } = ways[t - from]!;
            const given = kept ?? (await advance(images, targets, t, old, rows)).kept;
            count.back++;
            const [x, y, ...before] = await at(t).step.back(given, state, own(ends, t), held.of(t));
            state = before.splice(0, first.length);
            held.add(t, before);
            scatter(gradient.images, x!, steps[t]!);
            scatter(gradient.targets, y!, steps[t]!);
          }
        }
        return gradient;
      };
      return { parts: [...end.slice(0, whole.length), ...rows], back };
    },
    cost: async (images, targets) => {
      const rows = blankRows(layout);
      const there = await secondsOf(() => advance(images, targets, 0, first, rows));
      const { kept } = await advance(images, targets, 0, first, rows);
      const later = laterRows(thin, starts).back().of(0);
      const back = await secondsOf(() => at(0).step.back(kept, first, own(rows, 0), later));
      const times = holds ? (fit === steps.length ? 1 : 2) : 3;
      return { seconds: steps.length * (times * there + back), bytes };
    },
  };
}

/** What is held of a step for the way back: what it kept, or what it started from. */
type Held = { readonly kept: Kept; readonly state?: undefined } | { readonly state: State; readonly kept?: undefined };

/** A client alone carries whole parameters: it needs no derivatives, and its weights can be looked at. */
function layoutOf(
  model: Model,
  client: ClientSettings,
  sizes: readonly number[],
  way: 'forward' | 'both',
  secret: number | undefined,
): Layout {
  const trained = trainedOf(model, client.frozen);
  const examples = sizes.reduce((sum, size) => sum + size, 0);
  const size = sizes[0]!;
  const thin = way === 'both' ? thinOf(model, client, trained, runOf(model, size, { secret }), size, examples) : [];
  const whole = [...trained.keys()].filter((k) => trained[k] && !thin.some((one) => one.k === k));
  return { whole, thin, examples };
}

const bytesOf = (arrays: readonly NdArray[]): number => arrays.reduce((sum, { data }) => sum + data.byteLength, 0);

const minus = ({ shape, data }: NdArray, other: NdArray): NdArray => ({
  shape,
  data: data.map((value, i) => value - other.data[i]!),
});

/** Seconds of a run that is not the first. */
export async function secondsOf(run: () => Promise<unknown>): Promise<number> {
  await run();
  const begin = performance.now();
  await run();
  return (performance.now() - begin) / 1000;
}

import type { ClientSettings, Model, NdArray } from '../core/types.js';
import { compile, type Step, type Tensor, tf } from '../engine/index.js';
import { draws, type ForwardOptions } from '../models/index.js';
import { corrections, ruleOf } from './client-optimizers.js';
import { assumed, stepsOf } from './client-settings.js';
import { together } from './iterated-clients.js';
import type { Iterated, Sweep } from './iterated-type.js';
import { clientStep } from './local-steps.js';
import { pick, scaled, scatter, zeros } from './picked-rows.js';

/**
 * What goes from one local step to the next: E_t = w0 - w_t for each parameter, summed up from the moves so that no
 * digit is lost, then the optimizer's arrays. Nothing writes to it.
 */
type State = readonly NdArray[];

/** The two compiled steps for mini-batches of one size. */
interface Pair {
  readonly forward: Step;
  readonly back?: Step;
}

/**
 * The same function as localSteps(), with time and memory linear in the number of steps, and an event loop that is free
 * between them: one local step is compiled, and its product with a vector from the left (reverse mode), whatever their
 * number. Going back, the states between checkpoints, one every sqrt(tau) steps, are computed a second time: 2
 * sqrt(tau) states are held at a time.
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

/** What only the client knows. */
interface Own {
  /** Seed of its dropout masks; default none. */
  readonly secret?: number;
}

async function alone(model: Model, client: ClientSettings, way: 'forward' | 'both', own: Own): Promise<Iterated> {
  const steps = stepsOf(client);
  const sizeAt = (t: number): number => steps[t]!.rows?.length ?? client.batchSize;
  // a step with dropout is like no other
  const keyAt = (t: number): string => (draws(model) ? `step ${t}` : `${sizeAt(t)}`);
  const pairs = new Map<string, Pair>();
  const dispose = (): void => {
    for (const { forward, back } of pairs.values()) {
      forward.dispose();
      back?.dispose();
    }
  };
  const count = { forward: 0, back: 0, held: 0 };
  try {
    for (const t of steps.keys())
      if (!pairs.has(keyAt(t))) pairs.set(keyAt(t), await compiled(model, client, sizeAt(t), way, { step: t, ...own }));
  } catch (error) {
    dispose();
    throw error;
  }
  const start = states(model, client);
  const inputs = (images: NdArray, targets: NdArray, t: number): NdArray[] => {
    const { rows, factor } = steps[t]!;
    const numbers = [client.learningRate * factor, ...corrections(client.optimizer!, t)];
    return [pick(images, rows), pick(targets, rows), { shape: [HEAD], data: Float32Array.from(numbers) }];
  };
  const pair = (t: number): Pair => pairs.get(keyAt(t))!;
  const advance = async (images: NdArray, targets: NdArray, t: number, state: State) => {
    count.forward++;
    const [loss, ...next] = await pair(t).forward.run(...inputs(images, targets, t), ...model.parameters, ...state);
    return { loss: loss!.data[0]!, state: next as State };
  };
  const retreat = async (images: NdArray, targets: NdArray, t: number, state: State, adjoint: State) => {
    count.back++;
    const given = [...inputs(images, targets, t), ...model.parameters, ...state, ...adjoint];
    const [x, y, ...before] = await pair(t).back!.run(...given);
    return { x: x!, y: y!, adjoint: before as State };
  };
  const parameters = model.parameters.length;
  const weightsAt = (state: State): NdArray[] =>
    model.parameters.map(({ shape, data }, k) => ({ shape, data: data.map((w, i) => w - state[k]!.data[i]!) }));
  const deltaOf = (state: State): NdArray[] => scaled(state.slice(0, parameters), 1 / client.learningRate);
  return {
    engine: pair(0).forward.engine,
    work: () => ({ ...count }),
    dispose,
    forward: async (images, targets, visit) => {
      let state = start;
      let first: number | undefined;
      for (let t = 0; t < steps.length; t++) {
        await visit?.(t, pick(images, steps[t]!.rows), weightsAt(state));
        const next = await advance(images, targets, t, state);
        first ??= next.loss;
        state = next.state;
      }
      return { delta: deltaOf(state), loss: first! };
    },
    sweep: async (images, targets) => {
      const stride = Math.ceil(Math.sqrt(steps.length));
      const checkpoints: State[] = [];
      let state = start;
      for (let t = 0; t < steps.length; t++) {
        if (t % stride === 0) checkpoints.push(state);
        ({ state } = await advance(images, targets, t, state));
      }
      const end = state;
      const back: Sweep['back'] = async (last) => {
        const gradient = { images: zeros(images.shape), targets: zeros(targets.shape) };
        let adjoint: State = [
          ...scaled(last, 1 / client.learningRate),
          ...end.slice(parameters).map(({ shape }) => zeros(shape)),
        ];
        for (let segment = checkpoints.length - 1; segment >= 0; segment--) {
          const from = segment * stride;
          const held = [checkpoints[segment]!];
          for (let t = from; t + 1 < Math.min(from + stride, steps.length); t++)
            held.push((await advance(images, targets, t, held.at(-1)!)).state);
          count.held = Math.max(count.held, checkpoints.length + held.length);
          for (let t = from + held.length - 1; t >= from; t--) {
            const went = await retreat(images, targets, t, held.pop()!, adjoint);
            adjoint = went.adjoint;
            scatter(gradient.images, went.x, steps[t]!);
            scatter(gradient.targets, went.y, steps[t]!);
          }
        }
        return gradient;
      };
      return { delta: deltaOf(end), back };
    },
    cost: async (images, targets) => {
      const there = await secondsOf(() => advance(images, targets, 0, start));
      const back = await secondsOf(() => retreat(images, targets, 0, start, start));
      const held = 2 * Math.ceil(Math.sqrt(steps.length)) + 2;
      const bytes = start.reduce((sum, { data }) => sum + data.byteLength, 0);
      return { seconds: steps.length * (2 * there + back), bytes: held * bytes };
    },
  };
}

/** Seconds of a run that is not the first. */
export async function secondsOf(run: () => Promise<unknown>): Promise<number> {
  await run();
  const begin = performance.now();
  await run();
  return (performance.now() - begin) / 1000;
}

/** Numbers of a step: learning rate times its factor, the two corrections. */
const HEAD = 3;

/**
 * One local step forward, (x, y, numbers, w0, state) -> (loss, state'), and back, with the adjoint of state' -> those
 * of x, y, state.
 */
async function compiled(
  model: Model,
  client: ClientSettings,
  size: number,
  way: 'forward' | 'both',
  run: ForwardOptions,
): Promise<Pair> {
  const step = clientStep(model, client, run);
  const parameters = model.parameters.length;
  const slots = ruleOf(client.optimizer!).slots;
  const next = (x: Tensor, y: Tensor, numbers: Tensor, w0: readonly Tensor[], state: readonly Tensor[]): Tensor[] => {
    const number = (i: number): Tensor => tf.reshape(tf.slice(numbers, [i], [1]), []);
    const moved = state.slice(0, parameters);
    const weights = w0.map((w, k) => tf.sub(w, moved[k]!));
    const own = weights.map((_, k) => state.slice(parameters + k * slots, parameters + (k + 1) * slots));
    const after = step(x, y, weights, own, [number(1), number(2)], number(0));
    return [after.loss, ...moved.map((e, k) => tf.add(e, after.moves[k]!)), ...after.slots.flat()];
  };
  const split = <T>(rest: readonly T[]): [T[], T[], T[]] => {
    const states = parameters * (1 + slots);
    return [rest.slice(0, parameters), rest.slice(parameters, parameters + states), rest.slice(parameters + states)];
  };
  const x = zeros([size, ...model.imageShape]);
  const y = zeros([size, model.classes]);
  const numbers = zeros([HEAD]);
  const state = states(model, client);
  const forward = await compile(
    (x: Tensor, y: Tensor, numbers: Tensor, ...rest: Tensor[]) => {
      const [w0, state] = split(rest);
      return next(x, y, numbers, w0, state);
    },
    [x, y, numbers, ...model.parameters, ...state],
    { name: `local step of ${model.name}` },
  );
  if (way === 'forward') return { forward };
  const back = await compile(
    (x: Tensor, y: Tensor, numbers: Tensor, ...rest: Tensor[]) => {
      const [w0, state, adjoint] = split(rest);
      const product = (x: Tensor, y: Tensor, ...state: Tensor[]): tf.Scalar => {
        const [, ...after] = next(x, y, numbers, w0, state);
        return tf.addN(after.map((part, i) => tf.sum(tf.mul(part, adjoint[i]!)))) as tf.Scalar;
      };
      return tf.valueAndGrads(product)([x, y, ...state]).grads;
    },
    [x, y, numbers, ...model.parameters, ...state, ...state],
    { name: `local step of ${model.name}, backwards` },
  );
  return { forward, back };
}

/** The state before the first step: zeros. */
function states({ parameters }: Model, { optimizer }: ClientSettings): State {
  const { slots } = ruleOf(optimizer!);
  const own = parameters.flatMap(({ shape }) => Array.from({ length: slots }, () => zeros(shape)));
  return [...parameters.map(({ shape }) => zeros(shape)), ...own];
}

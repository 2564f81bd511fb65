import type { ClientSettings, Model, NdArray } from '../core/types.js';
import type { CompileOptions, Kept, Tensor } from '../engine/index.js';
import { compile, compileTwoPasses, tf } from '../engine/index.js';
import { ruleOf } from './client-optimizers.js';
import { crossed, laterRows, ownDerivatives, tapSets, tapsOf } from './later-rows.js';
import { clientStep, type Stepped } from './local-steps.js';
import { zeros } from './picked-rows.js';
import type { Rows, Thin } from './thin-weights.js';
import { inTurn, type Run } from './told-by-run.js';

/** How a client's parameters go from step to step. */
export interface Layout {
  /** Places of those that are carried whole, as E_t = w0 - w_t. */
  readonly whole: readonly number[];
  readonly thin: readonly Thin[];
  /** Rows of all steps, of one row an example. */
  readonly examples: number;
}

/** What one local step reads beside the adjoints: each is a list of arrays, in this order. */
export interface StepInputs {
  /** The pictures, the targets and the numbers of the step. */
  readonly head: readonly NdArray[];
  /** Those of the layers that draw. */
  readonly drawn: readonly NdArray[];
  /** Parameters before the first step, without the thin ones. */
  readonly start: readonly NdArray[];
  /** E_t of each parameter that is carried whole, then the optimizer's arrays. */
  readonly state: readonly NdArray[];
  /** A and D of each thin parameter, one after the other. */
  readonly rows: readonly NdArray[];
  /** c_t of each thin parameter. */
  readonly responses: readonly NdArray[];
}

export interface LocalStepRun {
  /** The loss, the next state, a and d of each thin parameter, and for the way back h and g of each (later-rows.ts). */
  readonly there: (inputs: StepInputs) => Promise<{ outputs: NdArray[]; kept: Kept }>;
  /**
   * From the derivatives in the next state and in the step's rows at the end, and what is held of later steps: those in
   * pictures, targets, state and taps.
   */
  readonly back: (
    kept: Kept,
    state: readonly NdArray[],
    ends: readonly NdArray[],
    later: readonly NdArray[],
  ) => Promise<NdArray[]>;
  /** Bytes that are kept for the way back, beside the inputs. */
  readonly bytes: number;
  readonly engine: string;
  readonly dispose: () => void;
}

/** Numbers of a step: learning rate times its factor, the two corrections. */
export const HEAD = 3;

const listOf = (inputs: StepInputs): NdArray[] =>
  (['head', 'drawn', 'start', 'state', 'rows', 'responses'] as const).flatMap((name) => inputs[name]);

/**
 * One local step of mini-batches of `size`.
 * @param way `forward` compiles no way back
 */
export async function compiledStep(
  model: Model,
  client: ClientSettings,
  layout: Layout,
  { size, drawings }: { readonly size: number; readonly drawings: Run['drawings'] },
  way: 'forward' | 'both',
  secret: number | undefined,
): Promise<LocalStepRun> {
  const { thin, whole } = layout;
  const isThin = new Map(thin.map(({ k }, i) => [k, i]));
  const place = new Map(whole.map((k, i) => [k, i]));
  const { slots } = ruleOf(client.optimizer!);
  const counts = {
    head: 3,
    drawn: drawings.length,
    start: model.parameters.length - thin.length,
    state: whole.length * (1 + slots),
    rows: 2 * thin.length,
    responses: thin.length,
  };
  const split = (tensors: readonly Tensor[]): Record<keyof typeof counts | 'rest', Tensor[]> => {
    const left = [...tensors];
    const parts = Object.entries(counts).map(([name, count]) => [name, left.splice(0, count)]);
    return { ...Object.fromEntries(parts), rest: left };
  };
  type Given = Omit<ReturnType<typeof split>, 'rest'> & {
    readonly thinStart: readonly Tensor[];
    readonly taps?: readonly Tensor[];
  };
  const rowsOf = ({ rows, responses }: Pick<Given, 'rows' | 'responses'>): Rows[] =>
    thin.map((_, i) => ({ a: rows[2 * i]!, d: rows[2 * i + 1]!, c: responses[i]! }));
  const masks = inTurn();
  const held: Tensor[] = [];
  const hold = (x: Tensor): Tensor => {
    held.push(tf.keep(tf.clone(x)));
    return held.at(-1)!;
  };
  const released = <T>(run: () => T): T => {
    try {
      return run();
    } finally {
      tf.dispose(held.splice(0));
    }
  };
  const step = clientStep(model, client, { secret, random: masks.next }, thin, hold);
  const next = ({ thinStart, taps, ...given }: Given): Stepped & { state: Tensor[] } => {
    const { head, drawn, start, state } = given;
    const [x, y, numbers] = head as [Tensor, Tensor, Tensor];
    const number = (i: number): Tensor => tf.reshape(tf.slice(numbers, [i], [1]), []);
    masks.are(drawn);
    const others = start.values();
    const weights = model.parameters.map((_, k) => {
      const low = isThin.get(k);
      if (low !== undefined) return thinStart[low]!;
      const w0 = others.next().value as Tensor;
      return place.has(k) ? tf.sub(w0, state[place.get(k)!]!) : w0;
    });
    const own = model.parameters.map((_, k) => {
      const at = place.get(k);
      const from = whole.length + (at ?? 0) * slots;
      return at === undefined ? [] : state.slice(from, from + slots);
    });
    const [scale, corrected] = [number(0), [number(1), number(2)] as const];
    const at = { x, y, weights, slots: own, corrected, scale };
    const after = step({ ...at, rows: rowsOf(given), ...(taps && { taps: tapSets(taps) }) });
    const moved = whole.map((k, i) => tf.add(state[i]!, after.moves[k]!));
    return { ...after, state: [...moved, ...whole.flatMap((k) => after.slots[k]!)] };
  };
  const outputs = ({ state, factors }: ReturnType<typeof next>): Tensor[] => [
    ...state,
    ...factors.flatMap(({ a, d }) => [a, d]),
  ];
  const there = (...tensors: Tensor[]): Tensor[] => {
    const { rest, ...given } = split(tensors);
    return released(() => {
      const after = next({ ...given, thinStart: rest });
      return [after.loss, ...outputs(after).map((x) => tf.clone(x)), ...crossed(after.factors, rowsOf(given))];
    });
  };
  const back = (...tensors: Tensor[]): Tensor[] => {
    const { rest, ...given } = split(tensors);
    const thinStart = rest.splice(rest.length - thin.length);
    const [out, ends] = [rest.splice(0, counts.state), rest.splice(0, counts.rows)];
    const adjoints = [...out, ...ownDerivatives(ends, rest, rowsOf(given))];
    const product = (x: Tensor, y: Tensor, ...carried: Tensor[]): tf.Scalar => {
      const [state, taps] = [carried.slice(0, counts.state), carried.slice(counts.state)];
      const after = next({ ...given, head: [x, y, given.head[2]!], state, thinStart, taps });
      return tf.addN([
        ...outputs(after).map((part, i) => tf.sum(tf.mul(part, adjoints[i]!))),
        // the derivative in x of a network's first layer is of no use: 0, not missing
        ...taps.map((tap) => tf.mul(0, tf.sum(tap))),
      ]) as tf.Scalar;
    };
    const [x, y] = given.head as [Tensor, Tensor];
    const taps = tapsOf(thin, size, layout.examples).map(({ shape }) => tf.zeros([...shape]));
    return released(() => tf.valueAndGrads(product)([x, y, ...given.state, ...taps]).grads);
  };
  const example = exampleOf(model, client, layout, size, drawings);
  const inputs = listOf(example);
  const name = `local step of ${model.name}`;
  const options: CompileOptions = { constants: thin.map(({ k }) => model.parameters[k]!), name };
  if (way === 'forward') {
    const { run, engine, dispose } = await compile(there, inputs, options);
    const no = async (): Promise<never> => Promise.reject(new Error('no way back was compiled'));
    return {
      there: async (given) => ({ outputs: await run(...listOf(given)), kept: [] }),
      back: no,
      bytes: 0,
      engine,
      dispose,
    };
  }
  const late = [
    ...example.state,
    ...thin.flatMap(({ perExample, inputs, outputs }) =>
      [inputs, outputs].map((width) => zeros([size * perExample, width])),
    ),
    ...laterRows(thin, [0, size, layout.examples]).back().of(0),
  ];
  const passes = await compileTwoPasses(there, back, inputs, late, options);
  return {
    ...passes,
    there: (given) => passes.there(...listOf(given)),
    back: (kept, state, ends, later) => passes.back(kept, ...state, ...ends, ...later),
  };
}

/** Zeros of the shapes of what a step reads. */
function exampleOf(
  model: Model,
  client: ClientSettings,
  layout: Layout,
  size: number,
  drawings: Run['drawings'],
): StepInputs {
  const isThin = new Set(layout.thin.map(({ k }) => k));
  return {
    head: [zeros([size, ...model.imageShape]), zeros([size, model.classes]), zeros([HEAD])],
    drawn: drawings.map(({ shape }) => zeros(shape)),
    start: model.parameters.filter((_, k) => !isThin.has(k)),
    state: startState(model, client, layout),
    rows: blankRows(layout),
    responses: layout.thin.map(({ perExample }) => zeros([1, layout.examples * perExample])),
  };
}

/** The state before the first step. */
export function startState({ parameters }: Model, { optimizer }: ClientSettings, { whole }: Layout): NdArray[] {
  const { slots } = ruleOf(optimizer!);
  const each = whole.map((k) => zeros(parameters[k]!.shape));
  return [...each, ...each.flatMap(({ shape }) => Array.from({ length: slots }, () => zeros(shape)))];
}

/** No rows yet: A and D of each thin parameter. */
export const blankRows = ({ thin, examples }: Layout): NdArray[] =>
  thin.flatMap(({ perExample, inputs, outputs }) => [
    zeros([examples * perExample, inputs]),
    zeros([examples * perExample, outputs]),
  ]);

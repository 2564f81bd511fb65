/** From a function to a session: trace, simplify, emit, load. */
import { setImmediate as turn } from 'node:timers/promises';
import { problem } from '../../core/errors.js';
import type { NdArray } from '../../core/types.js';
import type { Tensor } from '../tf.js';
import { effortOf } from './ir/effort.js';
import { avoidOuterProducts } from './ir/lowrank.js';
import type { Node } from './ir/node.js';
import { asInput, halves, isLargeEntrywise, keptFor, replaced, whole } from './ir/passes.js';
import { stacked } from './ir/stack.js';
import { emit } from './onnx/emitter.js';
import { physical } from './onnx/layout.js';
import type { OnnxGraph } from './onnx/model.js';
import { encodeModel } from './onnx/model.js';
import { rules } from './onnx/ops/index.js';
import { isCard, type ProviderName } from './provider-names.js';
import { digest, openSession, type Session } from './session.js';
import { sharing } from './sharing.js';
import { trace } from './trace/trace.js';

export { Untraceable } from './trace/untraceable.js';

/** Where a session runs. */
interface Place {
  readonly threads: number;
  readonly provider: ProviderName;
}

/** What a function is compiled for: examples of its inputs, the values of what stays. */
interface Compilation extends Place {
  readonly inputs: readonly NdArray[];
  readonly constants: readonly NdArray[];
}

/**
 * fn(...inputs, ...fixed, ...constants). What is fixed is handed to every run of a processor's session, so that the
 * next fixed values find it open; a card's session has it in its own memory.
 * @param plan.card whether the graph is laid out for a card: of use on another provider for comparing the two only
 * @param plan.stack up to so many runs of the same graph that are wanted at the same time are one run of a stacked one
 * @throws `Untraceable` when the function cannot be a static graph; what ONNX Runtime says when it does not open it
 */
export async function compileGraph(
  fn: (...tensors: Tensor[]) => Tensor | Tensor[],
  plan: Compilation & { readonly fixed?: readonly NdArray[]; readonly card?: boolean; readonly stack?: number },
): Promise<Session> {
  const { inputs, fixed = [], constants, provider, threads, card = isCard(provider), stack = 1 } = plan;
  const given = [...inputs, ...fixed];
  const { outputs } = trace(fn, given, constants);
  await turn(); // of the event loop, between the pieces
  const nodes = avoidOuterProducts(outputs);
  await turn();
  const count = Math.min(stack, Math.floor(STACKED_BYTES / effortOf(nodes).bytes));
  const graph = card || count >= 2 ? await emit(rules, shapesOf(given), nodes, [], card) : undefined;
  const alone = async (): Promise<Session> => {
    if (card) return opened(resident(graph!, fixed), nodes, plan);
    const known = keptFor(nodes, (input) => input < inputs.length, ['float32', 'float64'], isLargeEntrywise);
    const { values, rest } = await knownOnce(nodes, known, given, plan);
    return opened(await emit(rules, shapesOf([...given, ...values]), rest), rest, plan, [...fixed, ...values]);
  };
  if (count < 2) return alone();
  return sharing({
    key: `${provider}:${threads}:${count}:${await digest(await encodeModel(graph!))}`,
    count,
    least: card ? [2, 1] : [count, count],
    fixed,
    alone,
    together: async (all) => {
      const wide = stacked(nodes, count);
      const shapes = shapesOf(given).map((shape) => [count, ...shape]);
      return opened(resident(await emit(rules, shapes, wide, [], card), all), wide, plan);
    },
  });
}

/** Of all values of a stacked graph: larger ones fill a card by themselves. */
const STACKED_BYTES = 2 ** 31;

/** What does not depend on the run, as further inputs: the squares of a received update are summed once. */
async function knownOnce(
  nodes: readonly Node[],
  known: readonly Node[],
  given: readonly NdArray[],
  place: Place,
): Promise<{ values: readonly NdArray[]; rest: readonly Node[] }> {
  if (known.length === 0) return { values: [], rest: nodes };
  const parts = known.flatMap((n) => (n.dtype === 'float64' ? halves(n) : [n]));
  const graph = await emit(rules, shapesOf(given), [], parts);
  const session = await opened(graph, parts, place);
  const values = await session.run(given);
  session.release();
  const input = new Map(parts.map((n, i) => [n, asInput(n, given.length + i, graph.orders[i]!)]));
  const others = known.map((n): [Node, Node] => {
    const own = input.get(n);
    return [n, own ?? whole(...(halves(n).map((half) => input.get(half)) as [Node, Node]))];
  });
  return { values, rest: replaced(nodes, new Map(others)) };
}

const shapesOf = (arrays: readonly NdArray[]): (readonly number[])[] => arrays.map(({ shape }) => shape);

/** The graph with its last inputs as constants. */
function resident(graph: OnnxGraph, fixed: readonly NdArray[]): OnnxGraph {
  const first = graph.inputs.length - fixed.length;
  const own = fixed.map(({ data }, i) => ({ ...graph.inputs[first + i]!, data }));
  return { ...graph, inputs: graph.inputs.slice(0, first), initializers: [...graph.initializers, ...own] };
}

/** Two sessions: the second goes on from what the first one kept for it, which is the last of its outputs. */
export interface Passes {
  readonly first: Session;
  readonly second: Session;
  /** Outputs of the first that are for the caller. */
  readonly outputs: number;
  /** Of what is kept. */
  readonly bytes: number;
}

/**
 * first(...inputs, ...constants), and second(...inputs, ...late, ...constants), which takes inputs, late ones and what
 * was kept, in this order.
 */
export async function compilePasses(
  first: (...tensors: Tensor[]) => Tensor[],
  second: (...tensors: Tensor[]) => Tensor[],
  plan: Compilation & { readonly late: readonly NdArray[] },
): Promise<Passes> {
  const { inputs, late, constants } = plan;
  let count = 0;
  const both = (...all: Tensor[]): Tensor[] => {
    const baked = all.slice(inputs.length + late.length);
    const outputs = first(...all.slice(0, inputs.length), ...baked);
    count = outputs.length;
    return [...outputs, ...second(...all)];
  };
  const given = [...inputs, ...late];
  const { outputs } = trace(both, given, constants);
  await turn();
  const nodes = avoidOuterProducts(outputs);
  const [early, after] = [nodes.slice(0, count), nodes.slice(count)];
  await turn();
  const kept = keptFor(after, (input) => input >= inputs.length);
  await turn();
  const shapes = shapesOf(given);
  const card = isCard(plan.provider);
  const graph = await emit(rules, shapes.slice(0, inputs.length), early, kept, card);
  await turn();
  const others = kept.map((n, i) => [n, asInput(n, given.length + i, graph.orders[i]!)] as const);
  const rest = replaced(after, new Map(others));
  const keptShapes = kept.map(({ shape }, i) => physical(shape, graph.orders[i]!));
  const opening = await opened(graph, [...early, ...kept], plan);
  await turn();
  const going = await emit(rules, [...shapes, ...keptShapes], rest, [], card);
  const closing = await opened(going, rest, plan).catch((error) => {
    opening.release();
    throw error;
  });
  const bytes = kept.reduce((sum, { size }) => sum + 4 * size, 0);
  return { first: opening, second: closing, outputs: count, bytes };
}

async function opened(
  graph: OnnxGraph,
  nodes: readonly Node[],
  { threads, provider }: Place,
  fixed?: readonly NdArray[],
): Promise<Session> {
  const effort = effortOf(nodes);
  await turn();
  const bytes = await encodeModel(graph);
  await turn();
  return openSession(bytes, graph.outputs, threads, provider, effort, fixed).catch((error: Error) => {
    const fix = provider === 'cpu' ? undefined : "start({ provider: 'cpu' }) runs it on the processor";
    throw problem('compile', `ONNX Runtime does not open this step on ${provider}: ${error.message}`, undefined, fix);
  });
}

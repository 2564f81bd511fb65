import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checkOptions, integer, oneOf } from '../core/options.js';
import type { NdArray } from '../core/types.js';
import { compileGraph, compilePasses, Untraceable } from './compiled/index.js';
import type { ProviderName } from './compiled/provider-names.js';
import { onnxAvailable } from './compiled/runtime.js';
import { eagerStep } from './eager-step.js';
import { currentSession, runsOn, type Session, start } from './start.js';
import type { Tensor } from './tf.js';

/** Options of {@link compile}. */
export interface CompileOptions {
  /**
   * Passed to the function after the inputs: values that stay the same from run to run, but not from step to step. On
   * the processor another step of the same function with other values shares what was loaded; on a card they lie there.
   */
  readonly fixed?: readonly NdArray[];
  /** Passed to the function last; baked into the compiled graph, uploaded once for the eager path. */
  readonly constants?: readonly NdArray[];
  /** 'auto' (default): compiled where ONNX Runtime loads and can express the function, else eager. */
  readonly engine?: 'auto' | 'compiled' | 'eager';
  /** Threads of a compiled step. Default: those of the session (all cores). */
  readonly threads?: number;
  /** Named in error messages. */
  readonly name?: string;
  /**
   * Whether its runs may share one with those of equal steps, as many as the session stacks: for steps that run often,
   * in attacks side by side. Default false.
   */
  readonly stacks?: boolean;
}

/** A function of arrays that is ready to run many times. */
export interface Step {
  /** One evaluation. Yields to the event loop first, so that interrupts and timers get through. */
  run(...inputs: readonly NdArray[]): Promise<NdArray[]>;
  /** e.g. `onnxruntime 1.30.0 (2 threads)`, `onnxruntime 1.30.0 (webgpu)` or `tfjs wasm` */
  readonly engine: string;
  readonly compiled: boolean;
  readonly compileMs: number;
  /** Frees what the step holds. Harmless when done twice. */
  dispose(): void;
}

/** What is compiled: a pure function of tensors. */
export type StepFunction = (...tensors: Tensor[]) => Tensor | Tensor[];

/**
 * A pure tensorflow.js function, gradients of gradients included, as a step that runs natively: fn is traced once on
 * the shapes of `exampleInputs`, simplified, and run by ONNX Runtime. Where that is absent, or fn uses an operation the
 * tracer does not know, the step evaluates fn on the tensorflow.js backend: the same numbers, slower (one warning).
 * fn must not depend on anything but its arguments: random numbers drawn inside it are frozen, values cannot be read.
 * It runs on the session's execution provider, see start().
 * @throws fn reads a tensor's value; an unknown operation when engine is 'compiled'; inputs of another shape; a
 * disposed step
 * @example
 * const step = await rog.engine.compile((x, w) => tf.sum(tf.square(tf.matMul(x, w))), [x], { constants: [w] });
 * const [loss] = await step.run(x);
 * step.dispose();
 */
export async function compile(
  fn: StepFunction,
  exampleInputs: readonly NdArray[],
  options: CompileOptions = {},
): Promise<Step> {
  checkOptions('compile', options, ['fixed', 'constants', 'engine', 'threads', 'name', 'stacks']);
  const { fixed = [], constants = [] } = options;
  const plan = await planned(options, [...exampleInputs, ...fixed, ...constants]);
  const { where } = plan;
  const begin = performance.now();
  const { threads, session } = plan;
  const stack = options.stacks ? session.stack : 1;
  const native = await tryCompiled(plan, (provider) =>
    compileGraph(fn, { inputs: exampleInputs, fixed, constants, threads, provider, stack }),
  );
  const step = native
    ? {
        run: async (...given: readonly NdArray[]) => native.made.run(given),
        dispose: native.made.release,
        engine: native.engine,
        compiled: true,
      }
    : { ...eagerStep(fn, [...fixed, ...constants]), engine: `tfjs ${session.backend}`, compiled: false };
  return guarded(
    where,
    step,
    exampleInputs.map(({ shape }) => shape),
    performance.now() - begin,
  );
}

type Inner = Omit<Step, 'compileMs'>;

/** Options of a compilation, resolved. */
interface Plan {
  readonly where: string;
  readonly wanted: 'auto' | 'compiled' | 'eager';
  readonly session: Session;
  readonly threads: number;
}

async function planned(options: CompileOptions, arrays: readonly NdArray[]): Promise<Plan> {
  const where = `compile(${options.name ?? 'step'})`;
  const wanted = oneOf(where, 'engine', options.engine ?? 'auto', ['auto', 'compiled', 'eager']);
  const session = currentSession() ?? (await start());
  const threads = integer(where, 'threads', options.threads ?? session.threads, 1, 1024);
  checkExamples(where, arrays);
  return { where, wanted, session, threads };
}

async function tryCompiled<T>(
  { where, wanted, session, threads }: Plan,
  make: (provider: ProviderName) => Promise<T>,
): Promise<{ made: T; engine: string } | undefined> {
  if (wanted === 'eager' || (wanted === 'auto' && !session.compiled)) return undefined;
  const { ok, why, version } = onnxAvailable();
  if (!ok) throw problem(where, `a compiled step needs ONNX Runtime: ${why}`);
  try {
    const { provider } = session;
    const made = await make(provider);
    return { made, engine: `onnxruntime ${version} (${runsOn(provider, threads)})` };
  } catch (error) {
    if (!(error instanceof Untraceable)) throw error;
    if (error.readsValue)
      throw problem(where, error.message, undefined, 'compute the decision outside, or use tf.where');
    if (wanted === 'compiled')
      throw problem(where, `cannot compile ${error.message}`, undefined, "engine 'eager' runs it");
    warnOnce(`${where}: cannot compile ${error.message}; this step runs on tfjs ${session.backend}, slower`);
    return undefined;
  }
}

/** What the way there leaves for the way back. */
export type Kept = readonly NdArray[];

/** A function in two passes, there and back. Dispose it when done. */
export interface TwoPasses {
  readonly there: (...inputs: readonly NdArray[]) => Promise<{ outputs: NdArray[]; kept: Kept }>;
  readonly back: (kept: Kept, ...late: readonly NdArray[]) => Promise<NdArray[]>;
  /** Bytes of what is kept beside the inputs. */
  readonly bytes: number;
  readonly engine: string;
  readonly dispose: () => void;
}

/**
 * there(...inputs, ...constants), and back(...inputs, ...late, ...constants) at the same inputs, later: compiled, what
 * both compute is computed once and kept in between. `back` says it again in full, as if it were alone.
 */
export async function compileTwoPasses(
  there: (...tensors: Tensor[]) => Tensor[],
  back: (...tensors: Tensor[]) => Tensor[],
  inputs: readonly NdArray[],
  late: readonly NdArray[],
  options: CompileOptions,
): Promise<TwoPasses> {
  const { constants = [] } = options;
  const plan = await planned(options, [...inputs, ...late, ...constants]);
  const native = await tryCompiled(plan, (provider) =>
    compilePasses(there, back, { inputs, late, constants, threads: plan.threads, provider }),
  );
  if (!native) {
    const [first, second] = [eagerStep(there, constants), eagerStep(back, constants)];
    return {
      there: async (...given) => ({ outputs: await first.run(...given), kept: given }),
      back: (kept, ...late) => second.run(...kept, ...late),
      bytes: 0,
      engine: `tfjs ${plan.session.backend}`,
      dispose: () => {
        first.dispose();
        second.dispose();
      },
    };
  }
  const { first, second, outputs, bytes } = native.made;
  return {
    there: async (...given) => {
      const all = await first.run(given);
      return { outputs: all.slice(0, outputs), kept: [...given, ...all.slice(outputs)] };
    },
    back: (kept, ...late) => second.run([...kept.slice(0, inputs.length), ...late, ...kept.slice(inputs.length)]),
    bytes,
    engine: native.engine,
    dispose: () => {
      first.release();
      second.release();
    },
  };
}

const warned = new Set<string>();

function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  console.warn(message);
}

function checkExamples(where: string, arrays: readonly NdArray[]): void {
  arrays.forEach((array, i) => {
    if (!(array?.data instanceof Float32Array) || !Array.isArray(array.shape))
      throw problem(where, `input ${i} must be an array { shape, data: Float32Array }`, array);
  });
}

/** Adds the checks every engine shares. */
function guarded(where: string, step: Inner, shapes: readonly (readonly number[])[], compileMs: number): Step {
  let disposed = false;
  return {
    engine: step.engine,
    compiled: step.compiled,
    compileMs,
    run: async (...inputs) => {
      if (disposed) throw problem(where, 'the step was disposed', undefined, 'compile it again');
      if (inputs.length !== shapes.length)
        throw problem(where, `the step takes ${shapes.length} inputs`, inputs.length);
      shapes.forEach((shape, i) => {
        const { shape: got, data } = inputs[i]!;
        if (String(got) !== String(shape) || data.length !== sizeOf(shape))
          throw problem(where, `input ${i} must have shape [${shape}]`, got, 'compile one step per shape');
      });
      return step.run(...inputs);
    },
    dispose: () => {
      if (disposed) return;
      disposed = true;
      step.dispose();
    },
  };
}

/** ONNX Runtime's providers: what a compiled step runs on (https://onnxruntime.ai/docs/execution-providers). */
import { spawnSync } from 'node:child_process';
import { encodeModel } from './onnx/model.js';
import { bundledProviders, onnxAvailable } from './runtime.js';
import { openSession } from './session.js';

/** Names of the providers: the processor, then NVIDIA, any GPU, Apple and Windows. */
export const PROVIDER_NAMES = ['cpu', 'cuda', 'tensorrt', 'webgpu', 'coreml', 'dml'] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/** Whether values cross a bus on their way to a provider and back. */
export const isCard = (provider: ProviderName): boolean => provider !== 'cpu';

const port = (name: string) => ({ name, type: 'float32', shape: [1] }) as const;
const smallest = {
  nodes: [{ type: 'Neg', inputs: ['x0'], outputs: ['y'], attributes: {} }],
  initializers: [],
  inputs: [port('x0')],
  outputs: [port('y')],
};

/** Why a provider cannot run the smallest of models here, in one line; undefined when it can. */
export async function providerFailure(name: ProviderName): Promise<string | undefined> {
  const { ok, why, version } = onnxAvailable();
  if (!ok) return why;
  if (!bundledProviders().includes(name))
    return `not in ONNX Runtime ${version} for ${process.platform}-${process.arch}`;
  if (name === 'webgpu' && !hasVulkan()) return 'no Vulkan loader; Debian, Ubuntu: sudo apt install libvulkan1';
  try {
    const session = await openSession(await encodeModel(smallest), smallest.outputs, 1, name, {
      bytes: 8,
      products: 0,
    });
    await session.run([{ shape: [1], data: new Float32Array([1]) }]).finally(session.release);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Whether Linux finds Vulkan, without which WebGPU writes on the screen; without `ldconfig` the provider tells. */
function hasVulkan(): boolean {
  if (process.platform !== 'linux') return true;
  const { status, stdout } = spawnSync('ldconfig', ['-p'], { encoding: 'utf8', timeout: 20_000 });
  return status !== 0 || stdout.includes('libvulkan.so.1');
}

/** ONNX Runtime's CUDA provider: its library beside a copy of the runtime, CUDA's own in a folder near it. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { problem } from '../../core/errors.js';
import { onnxAvailable } from '../../engine/index.js';
import { type Site, unpackWheels, WHERE } from './steps.js';

const require = createRequire(import.meta.url);

/** The CUDA major that the provider in the public index is built for, and its libraries as pip names them. */
const CUDA = 13;
const LIBRARIES = ['nvidia-cuda-runtime~=13.0', 'nvidia-cublas~=13.0', 'nvidia-cufft~=12.0', 'nvidia-curand~=10.0'];
const CUDNN = ['nvidia-cudnn-cu13~=9.0'];

/** Provider and runtime have one version; what is there already is kept. */
export async function addCuda(_: string, site: Site): Promise<void> {
  checkDriver();
  const { ok, why, version } = onnxAvailable();
  if (!ok) throw problem(WHERE, `CUDA runs compiled steps, which need ONNX Runtime: ${why}`);
  if (!existsSync(join(site.folder, 'library.done'))) {
    site.say(`provider of ONNX Runtime ${version} (250 MB) ...`);
    await unpackWheels(site, [`onnxruntime-gpu==${version}`], false);
    site.say(`libraries of CUDA ${CUDA} (1.5 GB) ...`);
    await unpackWheels(site, [...LIBRARIES, ...CUDNN], true);
    writeFileSync(join(site.folder, 'library.done'), version);
  }
  for (const name of ['onnxruntime-node', 'onnxruntime-common']) copyPackage(name, site.folder);
  const runtime = join(site.folder, 'node_modules/onnxruntime-node/bin/napi-v6/linux/x64');
  const capi = join(site.folder, 'site/onnxruntime/capi');
  for (const file of readdirSync(capi).filter((name) => name.includes('_providers_')))
    copyFileSync(join(capi, file), join(runtime, file));
}

/** @throws no driver, or one that is too old; where nobody tells, the provider itself will */
function checkDriver(): void {
  const { status, stdout } = spawnSync('nvidia-smi', { encoding: 'utf8', timeout: 20_000 });
  if (status !== 0) throw problem(WHERE, 'cuda needs an NVIDIA card and its driver; nvidia-smi does not run here');
  const major = Number(/CUDA Version:\s*(\d+)/.exec(stdout)?.[1] ?? CUDA);
  if (major < CUDA)
    throw problem(WHERE, `the provider needs a driver for CUDA ${CUDA}`, `CUDA ${major}`, 'update the driver');
}

/** A package that is installed beside roglab, without the binaries of other systems. */
function copyPackage(name: string, folder: string): void {
  const from = dirname(require.resolve(`${name}/package.json`));
  const other = [sep + join('napi-v6', 'darwin'), sep + join('napi-v6', 'win32'), sep + join('linux', 'arm64')];
  const filter = (path: string): boolean => !other.some((end) => path.endsWith(end));
  cpSync(from, join(folder, 'node_modules', name), { recursive: true, dereference: true, filter });
}

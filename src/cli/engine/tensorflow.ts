/**
 * TensorFlow's native library behind tensorflow.js: the binding's own installer asks for a library of 2022 that hardly
 * loads any more, so the binding is built here against the library inside TensorFlow's wheel for Python.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AddedEngine } from '../../engine/index.js';
import { findPython, npmInstall, runStep, type Site, unpackWheels } from './steps.js';

const BINDING = '4.22.0';
const LIBRARY = '2.21.0';

interface Parts {
  readonly binding: string;
  readonly wheel: string;
}

const PARTS: Readonly<Partial<Record<AddedEngine, Parts>>> = {
  tensorflow: { binding: '@tensorflow/tfjs-node', wheel: 'tensorflow-cpu' },
  'tensorflow-gpu': { binding: '@tensorflow/tfjs-node-gpu', wheel: 'tensorflow' },
};

/** Package, library, binding; what is there already is kept, so that an interrupted installation goes on. */
export async function addTensorflow(engine: AddedEngine, site: Site): Promise<void> {
  const { binding, wheel } = PARTS[engine]!;
  const home = join(site.folder, 'node_modules', binding);
  const unpacked = join(site.folder, 'site', 'tensorflow');
  const gpu = engine === 'tensorflow-gpu';
  findPython(); // before anything is fetched
  if (!existsSync(join(site.folder, 'package.done'))) {
    site.say(`package ${binding} ${BINDING} ...`);
    writeFileSync(join(site.folder, 'package.json'), JSON.stringify({ private: true }));
    await npmInstall(site, [`${binding}@${BINDING}`]);
    writeFileSync(join(site.folder, 'package.done'), BINDING);
  }
  if (!existsSync(join(site.folder, 'library.done'))) {
    site.say(`library of ${wheel} ${LIBRARY} (${gpu ? '600' : '274'} MB) ...`);
    await unpackWheels(site, [`${wheel}==${LIBRARY}`], false);
    if (gpu) await unpackWheels(site, cudaLibraries(join(site.folder, 'site'), wheel), true);
    keepOnly(unpacked, ['include', ...LINKS.map(([, to]) => to)]);
    writeFileSync(join(site.folder, 'library.done'), LIBRARY);
  }
  linkLibrary(home, unpacked);
  site.say('building the binding (half a minute) ...');
  await build(site, home);
  await hush(site, unpacked);
}

/**
 * While TensorFlow's library is opened, its logger prints a line whatever TF_CPP_MIN_LOG_LEVEL says: it is opened once
 * before (see `preload`), with the terminal's error stream elsewhere for that moment.
 */
const HUSH = `#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void hush(void) {
  int screen = dup(2), nowhere = open("/dev/null", O_WRONLY);
  if (screen >= 0 && nowhere >= 0) dup2(nowhere, 2);
  dlopen(LIBRARY, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  if (screen >= 0) { dup2(screen, 2); close(screen); }
  if (nowhere >= 0) close(nowhere);
}
`;

async function hush(site: Site, unpacked: string): Promise<void> {
  const [source, folder] = [join(site.scratch, 'hush.cc'), join(site.folder, 'site/preload')];
  mkdirSync(folder, { recursive: true });
  writeFileSync(source, HUSH);
  const library = `-DLIBRARY="${join(unpacked, 'libtensorflow_framework.so.2')}"`;
  const words = ['-shared', '-fPIC', '-O1', '-o', join(folder, 'libhush.so.1'), library, source, '-ldl'];
  await runStep(site, 'c++', process.env.CXX || 'c++', words);
}

/** Names that the binding links against, and the files of the wheel. */
const LINKS = [
  ['libtensorflow.so', 'libtensorflow_cc.so.2'],
  ['libtensorflow_cc.so.2', 'libtensorflow_cc.so.2'],
  ['libtensorflow_framework.so', 'libtensorflow_framework.so.2'],
  ['libtensorflow_framework.so.2', 'libtensorflow_framework.so.2'],
] as const;

function linkLibrary(home: string, unpacked: string): void {
  const deps = join(home, 'deps');
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(join(deps, 'lib'), { recursive: true });
  symlinkSync(join(unpacked, 'include'), join(deps, 'include'));
  for (const [name, file] of LINKS) symlinkSync(join(unpacked, file), join(deps, 'lib', name));
}

/** npm puts its node-gyp on the PATH of a script; Node's own headers are used where they are installed. */
async function build(site: Site, home: string): Promise<void> {
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  const names = ['--napi_build_version=8', '--module_name=tfjs_binding', `--module_path=${join(home, 'lib/napi-v8')}`];
  const script = ['node-gyp', 'rebuild', ...headers, ...names].map((word) => `"${word}"`).join(' ');
  const folder = join(site.scratch, 'build');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, scripts: { build: `cd "${home}" && ${script}` } }),
  );
  const env = {
    ...process.env,
    npm_config_devdir: join(site.scratch, 'headers'),
    npm_config_cache: join(site.scratch, 'npm'),
    npm_config_python: findPython(),
    JOBS: 'max',
  };
  await runStep(site, 'node-gyp', 'npm', ['run', '--silent', '--prefix', folder, 'build'], env);
  rmSync(join(home, 'build'), { recursive: true, force: true });
}

/** The CUDA libraries that a wheel asks for with its extra `and-cuda`, as pip's requirements. */
function cudaLibraries(folder: string, wheel: string): string[] {
  const info = readdirSync(folder).find((name) => name.startsWith(`${wheel}-`) && name.endsWith('.dist-info'))!;
  return [
    ...readFileSync(join(folder, info, 'METADATA'), 'utf8').matchAll(/^Requires-Dist: (nvidia-[^;]+);.*and-cuda/gm),
  ].map(([, requirement]) => requirement!.replace(/[\s()]/g, ''));
}

/** The rest of the wheel is Python. */
function keepOnly(folder: string, names: readonly string[]): void {
  for (const name of readdirSync(folder))
    if (!names.includes(name)) rmSync(join(folder, name), { recursive: true, force: true });
}

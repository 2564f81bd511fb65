import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readNotebook } from '../../src/notebook/format.js';
import { startKernel } from '../../src/notebook/kernel.js';
import { root } from '../fixtures.js';

/** The packed tarball in an empty project, as a user of the library has it: from the package registry alone. */
const folder = mkdtempSync(join(tmpdir(), 'roglab-consumer-'));
const at = (...parts: string[]): string => join(folder, ...parts);
let unreachable = '';
let packed: readonly { path: string; size: number }[] = [];

const npm = (cwd: string, ...args: string[]) =>
  spawnSync('npm', ['--no-audit', '--no-fund', '--no-update-notifier', ...args], { cwd, encoding: 'utf8' });
const roglab = (cwd: string, ...args: string[]) =>
  spawnSync(process.execPath, [at('node_modules/roglab/dist/src/cli.js'), ...args], { cwd, encoding: 'utf8' });

before(() => {
  const pack = npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
  assert.equal(pack.status, 0, pack.stderr);
  const described = JSON.parse(pack.stdout) as Record<string, { filename: string; files: typeof packed }>;
  const { filename, files } = Object.values(described)[0]!;
  packed = files;
  writeFileSync(at('package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  const install = npm(folder, 'install', at(filename));
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(install.stderr))
    unreachable = 'no package registry';
  else assert.equal(install.status, 0, install.stderr);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const consumerTest = (name: string, body: () => void | Promise<void>): Promise<void> =>
  test(name, (t) => (unreachable ? t.skip(unreachable) : body()));

const run = (file: string, text: string): string => {
  writeFileSync(at(file), text);
  return execFileSync(process.execPath, [at(file)], { cwd: folder, encoding: 'utf8' });
};

test('the tarball holds the library, its data and notebooks, and nothing else', () => {
  const wanted = [
    /^dist\/src\/.*\.(js|d\.ts)$/,
    /^data\//,
    /^notebooks\/(08-client\/[^/]+\.(npz|pt)|[^/]+\.(ipynb|py))$/,
    /^(docs\/[^/]+\.md|[A-Z]+(\.md|\.cff)?|package\.json)$/,
  ];
  assert.deepEqual(
    packed.map(({ path }) => path).filter((path) => !wanted.some((one) => one.test(path))),
    [],
  );
  assert.ok(packed.reduce((sum, { size }) => sum + size, 0) < 30e6);
});

consumerTest('an ES module and a CommonJS module load it and take a client step', () => {
  const esm = `import * as rog from 'roglab';
    const session = await rog.start();
    const data = await rog.openDataset('scenes', { size: 16 });
    const batch = data.batch({ size: 2, seed: 1 });
    const model = rog.lenet({ imageShape: data.imageShape, classes: data.classNames.length });
    const { loss } = await rog.clientUpdate(model, batch);
    console.log(session.backend, loss.toFixed(3));`;
  assert.match(run('a.mjs', esm), /^\S+ 2\.\d{3}\n$/);
  assert.equal(run('a.cjs', "console.log(typeof require('roglab').rog);"), 'function\n');
});

consumerTest('a cell of the stock tslab kernel loads it', async () => {
  const stock = [createRequire(at('package.json')).resolve('tslab/bin/tslab'), 'kernel', '--config-path'];
  const kernel = await startKernel({ cwd: folder, program: stock });
  let said = '';
  try {
    const code =
      "import * as rog from 'roglab';\nconst model: rog.Model = rog.lenet({ classes: 7 " +
      '});\nconsole.log(model.classes);';
    const hear = ({ type, content }: { type: string; content: Record<string, unknown> }): void => {
      if (type === 'stream') said += content.text;
    };
    assert.equal(await kernel.execute(code, hear, 60), 'ok');
  } finally {
    kernel.stop();
  }
  assert.equal(said, '7\n');
});

const CONSUMER = `import * as rog from 'roglab';
export const model: rog.Model = rog.lenet({ classes: 10 });
export const phi: rog.Obfuscation = rog.uniformQuantizer({ bits: 3 });
export const attack = (seen: rog.Observation): Promise<rog.Reconstruction> => rog.rog(seen, { iterations: 10 });
`;
/** Errors of other packages' types are theirs; the file itself and ours must have none. */
const ours = (lines: readonly string[]): string[] =>
  lines.filter((line) => /error TS/.test(line) && (/^consumer/.test(line) || /node_modules\/roglab\//.test(line)));

consumerTest('its types pass --strict of the newest TypeScript and of 5.0, which tslab brings', () => {
  writeFileSync(at('consumer.mts'), CONSUMER);
  const flags = [
    '--noEmit',
    '--strict',
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--types',
    'node',
    'consumer.mts',
  ];
  const compilers = [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), old()];
  for (const compiler of compilers) {
    const { stdout } = spawnSync(process.execPath, [compiler, ...flags], { cwd: folder, encoding: 'utf8' });
    assert.deepEqual(ours(stdout.split('\n')), [], compiler);
  }
  writeFileSync(at('consumer.mts'), CONSUMER.replace('Promise<rog.Reconstruction>', 'Promise<rog.Batch>'));
  const wrong = spawnSync(process.execPath, [old(), ...flags], { cwd: folder, encoding: 'utf8' });
  assert.equal(ours(wrong.stdout.split('\n')).length, 1, 'the check sees types');
});

const old = (): string => {
  const tslab = createRequire(at('package.json')).resolve('tslab');
  return createRequire(tslab).resolve('@tslab/typescript-for-tslab/lib/tsc.js');
};

consumerTest('doctor says what is missing and how to mend it, in words of the installed package', () => {
  const { stdout } = roglab(folder, 'doctor');
  assert.doesNotMatch(stdout, /npm run /);
  const there = readdirSync(at('node_modules')).includes('onnxruntime-node');
  assert.match(stdout, there ? /compiled steps work/ : /npm install --ignore-scripts onnxruntime-node@\d/);
});

consumerTest('roglab new writes a project whose notebook runs', () => {
  const made = roglab(folder, 'new', 'starter');
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, /next: cd starter && npm install && npm start/);
  const manifest = JSON.parse(readFileSync(at('starter', 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >;
  assert.match(manifest.dependencies!.roglab!, /^file:.*\.tgz$/);
  const again = roglab(folder, 'new', 'starter');
  assert.match(again.stderr, /the folder starter is not empty; name a new one/);
  const ran = roglab(at('starter'), 'run', '--notebooks', '.');
  assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  const { cells } = readNotebook(at('starter', 'results', 'first.ipynb'));
  assert.ok(JSON.stringify(cells).includes('image/png'));
});

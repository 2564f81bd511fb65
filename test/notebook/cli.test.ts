import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readFlags } from '../../src/cli/flags.js';
import { kernelFolder, registration } from '../../src/cli/kernel.js';
import { findPython } from '../../src/cli/lab/environment.js';

import { root } from '../fixtures.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const roglab = (args: string[], env: Record<string, string> = {}) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
};

test('readFlags: values by space or equals sign, flags alone, help', () => {
  const kinds = { only: 'string', 'in-place': 'boolean' } as const;
  assert.deepEqual({ ...readFlags('run', ['--only', '02', '--in-place'], kinds) }, { only: '02', 'in-place': true });
  assert.deepEqual({ ...readFlags('run', ['--only=02', '--help'], kinds) }, { only: '02', help: true });
  assert.throws(
    () => readFlags('run', ['--onyl', '2'], kinds),
    /^RoglabError: roglab run: unknown flag --onyl; did you mean --only\?$/,
  );
  assert.throws(
    () => readFlags('run', ['--zzzzzzzz'], kinds),
    /unknown flag --zzzzzzzz; flags: --only, --in-place, --help/,
  );
  assert.throws(() => readFlags('run', ['--only'], kinds), /--only needs a value; see roglab run --help/);
  assert.throws(() => readFlags('run', ['--only', '--in-place'], kinds), /--only needs a value/);
  assert.throws(() => readFlags('run', ['--in-place=3'], kinds), /--in-place takes no value, got "3"/);
  assert.throws(() => readFlags('run', ['02'], kinds), /takes no words without a flag, got "02"/);
});

test('roglab: unknown commands, flags, notebooks, folders and numbers are one line each', () => {
  const refused: [string[], RegExp][] = [
    [['rnu'], /^roglab: unknown command "rnu"; did you mean run\?\n$/],
    [['run', '--profil', 'paper'], /^roglab run: unknown flag --profil; did you mean --profile\?\n$/],
    [
      ['run', '--profile', 'papr'],
      /^roglab run: --profile must be one of quick, paper, got "papr"; did you mean "paper"\?\n$/,
    ],
    [
      ['run', '--data', 'folder:/no/such'],
      /^roglab run: --data names a folder that does not exist, got "\/no\/such"\n$/,
    ],
    [
      ['run', '--timeout', 'soon'],
      /^roglab run: --timeout must be a number strictly between 0 and 1000000, got "soon"\n$/,
    ],
    [['run', '--only', 'zz-none'], /^roglab run: no notebook/],
    [['run', '-only', '02'], /^roglab run: unknown flag -only; did you mean --only\?\n$/],
    [
      ['attack', '--data', root],
      /^openDataset: a path needs the kind of its data before it, got .*; did you mean "folder:/,
    ],
  ];
  for (const [args, said] of refused) {
    const { status, stdout, stderr } = roglab(args);
    assert.match(stderr, said);
    assert.ok(status! > 0 && stdout === '' && stderr.trim().split('\n').length === 1);
  }
  assert.match(roglab(['--help']).stdout, /run .*\n.*attack .*\n(.*\n)*.*kernel .*\n.*lab .*\n.*doctor /);
});

test('roglab kernel: writes a kernelspec with absolute paths where Jupyter looks, and takes it away again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-test-'));
  try {
    const env = { JUPYTER_DATA_DIR: folder, PATH: '/nonexistent' };
    const place = kernelFolder(env);
    assert.equal(registration(place), 'absent');
    const { status, stdout } = roglab(['kernel'], env);
    assert.equal(status, 0);
    assert.match(stdout, /registered the kernel "roglab \(TypeScript\)"/);
    assert.match(stdout, /No jupyter command was found.*pip install jupyterlab/s);
    const { argv, display_name, language } = JSON.parse(readFileSync(join(place, 'kernel.json'), 'utf8'));
    assert.deepEqual([display_name, language, argv[2]], ['roglab (TypeScript)', 'typescript', '{connection_file}']);
    assert.ok(argv.slice(0, 2).every((path: string) => existsSync(path)));
    assert.equal(registration(place), 'registered');
    writeFileSync(join(place, 'kernel.json'), JSON.stringify({ argv: ['/old/node', ...argv.slice(1)] }));
    assert.equal(registration(place), 'stale');
    assert.match(roglab(['kernel', '--remove'], env).stdout, /^removed /);
    assert.equal(existsSync(place), false);
    assert.match(roglab(['kernel', '--remove'], env).stdout, /^nothing to remove/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('roglab lab: without a Python, or with one too old, says what to install; a bad port is one line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-test-'));
  try {
    const none = { PATH: '/nonexistent' };
    assert.throws(
      () => findPython(none),
      /roglab lab: no Python was found; \nPython 3\.10 or newer .*apt install python3.*npm run kernel/s,
    );
    const old = join(folder, 'python3');
    writeFileSync(old, '#!/bin/sh\necho 3 8\n', { mode: 0o755 });
    assert.throws(() => findPython({ PATH: `${folder}:/bin` }), /only Python 3\.8 was found/);
    assert.throws(() => findPython({ ...none, PYTHON: '/no/python' }), /no Python was found as PYTHON=\/no\/python/);
    writeFileSync(old, '#!/bin/sh\necho 3 13\n');
    assert.equal(findPython({ ...none, PYTHON: old }), old);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const { status, stderr } = roglab(['lab', '--port', 'x']);
  assert.deepEqual([status, stderr], [2, 'roglab lab: --port must be an integer from 1 to 65535, got "x"\n']);
});

test('kernelFolder: the user folder of each system', () => {
  assert.match(kernelFolder({ XDG_DATA_HOME: '/d' }, 'linux'), /^\/d\/jupyter\/kernels\/roglab$/);
  assert.match(kernelFolder({}, 'darwin'), /Library\/Jupyter\/kernels\/roglab$/);
  assert.match(kernelFolder({ APPDATA: 'A' }, 'win32'), /A[\\/]jupyter[\\/]kernels[\\/]roglab$/);
});

test('roglab doctor: names versions, machine, every engine with its reason, cache and kernel', () => {
  const { status, stdout, stderr } = roglab(['doctor'], { JUPYTER_DATA_DIR: join(tmpdir(), 'roglab-none') });
  assert.equal(status, 0, stderr);
  assert.deepEqual(stdout.match(/^\S.*$/gm), ['versions', 'machine', 'engines', 'data', 'notebooks']);
  assert.match(stdout, /wasm +works, \de-\d from the processor\n +cpu +works, /);
  assert.match(stdout, /on cpu .*\n +on cuda .*\n +on tensorrt .*\n +on webgpu .*\n +on coreml .*\n +on dml +\S/);
  assert.match(stdout, /kernel +not registered .*npm run kernel/);
  assert.ok(!stdout.includes('undefined'));
});

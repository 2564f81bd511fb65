import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { afterEach, test } from 'node:test';
import { promisify } from 'node:util';
import { backends, compile, currentSession, providers, start, tf } from '../../src/engine/index.js';

const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});
const force = (variables: Record<string, string>) => {
  process.env = { ...environment, ROGLAB_BACKEND: '', ROGLAB_ENGINE: '', ROGLAB_PROVIDER: '', ...variables };
};

test('start() takes the first backend that loads and says why the better ones were not taken', async () => {
  force({ ROGLAB_ENGINE: 'eager' });
  const session = await start();
  const list = await backends();
  const first = list.find((b) => b.available)!;
  assert.equal(session.backend, first.name);
  assert.equal(currentSession(), session);
  for (const { name, why } of list.slice(0, list.indexOf(first)))
    assert.ok(session.reasons.includes(`${name}: ${why}`), `${name} is missing in ${session.reasons}`);
  assert.match(session.line, new RegExp(`^engine: tensorflow.js on ${first.name} \\(compiled steps: .*\\)$`));
  assert.equal(await start(), session, 'a second start() returns the same session');
});

test('start({ backend }) switches the backend', async () => {
  force({});
  assert.equal((await start({ backend: 'cpu', compiled: 'off' })).backend, 'cpu');
  assert.equal(tf.getBackend(), 'cpu');
  assert.equal((await start({ backend: 'wasm', compiled: 'off' })).backend, 'wasm');
  assert.equal(tf.getBackend(), 'wasm');
  assert.equal((await start()).backend, 'wasm', 'no options: keeps what runs');
});

test('ROGLAB_BACKEND wins over the option', async () => {
  force({ ROGLAB_BACKEND: 'cpu' });
  assert.equal((await start({ backend: 'wasm', compiled: 'off' })).backend, 'cpu');
});

test('an unknown backend is refused with the valid names', async () => {
  force({ ROGLAB_BACKEND: 'wsam' });
  await assert.rejects(
    async () => start(),
    /start: ROGLAB_BACKEND must be one of tensorflow-gpu, tensorflow, wasm, cpu, got "wsam"; did you mean "wasm"\?/,
  );
  force({});
  await assert.rejects(async () => start({ backend: 'cuda' as never }), /start: backend must be one of .*, got "cuda"/);
});

test('an unavailable backend is refused with what is available and why the others are not', async (t) => {
  const list = await backends();
  const absent = list.find((b) => !b.available);
  if (!absent) return t.skip('every backend is present');
  force({ ROGLAB_BACKEND: absent.name });
  await assert.rejects(start(), (error: Error) => {
    assert.ok(error.message.includes(`start: the backend ${absent.name} does not start: ${absent.why}`), error.message);
    assert.match(error.message, /; available: .*wasm.*cpu/);
    return true;
  });
  force({});
  assert.ok((await start({ backend: 'cpu', compiled: 'off' })).backend, 'a failed start does no harm');
});

test('bad options are refused by name', async () => {
  force({});
  await assert.rejects(
    async () => start({ backnd: 'cpu' } as never),
    /start: unknown option "backnd"; did you mean "backend"\?/,
  );
  await assert.rejects(async () => start({ threads: 0 }), /start: threads must be an integer/);
  await assert.rejects(async () => start({ stack: 0 }), /start: stack must be an integer/);
  await assert.rejects(
    async () => start({ compiled: 'yes' as never }),
    /start: compiled must be one of auto, on, off, got "yes"/,
  );
  force({ ROGLAB_ENGINE: 'native' });
  await assert.rejects(async () => start(), /start: ROGLAB_ENGINE must be one of compiled, eager, got "native"/);
});

for (const backend of ['wasm', 'cpu'])
  test(`starting and using ${backend} prints nothing`, async () => {
    const engine = new URL('../../src/engine/index.js', import.meta.url).href;
    const code = `import(${JSON.stringify(engine)}).then(async ({ start, tf }) => {
      await start({ backend: '${backend}' });
      tf.conv2d(tf.ones([1, 4, 4, 1]), tf.ones([2, 2, 1, 1]), 1, 'same').dataSync();
    })`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', code], {
      env: { ...environment, ROGLAB_BACKEND: '' },
    });
    assert.equal(stdout + stderr, '');
  });

test('start({ provider }): cpu is the default; an unknown name is refused; the environment wins', async () => {
  force({});
  assert.equal((await start({ backend: 'cpu' })).provider, 'cpu');
  await assert.rejects(
    async () => start({ provider: 'webgup' as never }),
    /^RoglabError: start: provider must be one of cpu, cuda, .*, got "webgup"; did you mean "webgpu"\?$/,
  );
  force({ ROGLAB_PROVIDER: 'gpu' });
  await assert.rejects(async () => start({ provider: 'cpu' }), /start: ROGLAB_PROVIDER must be one of cpu, cuda/);
});

test('a provider that does not run here is one line with the reason and what does, never the processor', async (t) => {
  force({});
  const list = await providers();
  const working = list.filter(({ available }) => available).map(({ name }) => name);
  if (working.length === 0) return t.skip('ONNX Runtime does not load here');
  assert.equal(working[0], 'cpu');
  await start({ backend: 'cpu' });
  const before = currentSession();
  for (const { name, why } of list.filter(({ available }) => !available)) {
    const said = `start: the provider ${name} does not run here: ${why}; available: ${working.join(', ')}`;
    assert.ok(why !== '' && !said.includes('\n') && !/onnxruntime_src/.test(said), said);
    await assert.rejects(start({ provider: name }), { message: said });
    force({ ROGLAB_PROVIDER: name });
    await assert.rejects(start(), { message: said });
    force({});
    assert.equal(currentSession(), before);
  }
});

test('a provider needs compiled steps', async () => {
  force({});
  await assert.rejects(
    start({ provider: 'webgpu', compiled: 'off' }),
    /start: the provider webgpu runs compiled steps only: switched off/,
  );
});

test('a compiled step names what it runs on and gives the same numbers on every provider of this machine', async () => {
  force({});
  const x = { shape: [2, 3], data: Float32Array.of(1, -2, 3, -4, 5, -6) };
  const working = (await providers()).filter(({ available }) => available).map(({ name }) => name);
  for (const provider of working) {
    const session = await start({ backend: 'cpu', compiled: 'on', threads: 2, provider });
    const where = provider === 'cpu' ? '2 threads' : provider;
    assert.ok(session.line.includes(`(${where}), tensorflow.js on cpu`), session.line);
    const step = await compile((a) => tf.sum(tf.square(a)), [x]);
    assert.match(step.engine, new RegExp(`^onnxruntime [\\d.]+ \\(${where}\\)$`));
    assert.equal((await step.run(x))[0]!.data[0], 91);
    step.dispose();
  }
  await start({ backend: 'cpu' });
});

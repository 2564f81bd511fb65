import assert from 'node:assert/strict';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Update } from '../../src/core/types.js';
import { applyUpdate, averageUpdates, type ClientOptions, clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { uniformQuantizer } from '../../src/obfuscation/index.js';
import { forEachEngine } from '../engines.js';

const model = network({
  name: 'small',
  imageShape: [6, 6, 2],
  classes: 3,
  seed: 4,
  layers: [{ kind: 'conv', filters: 3, size: 3 }, { kind: 'sigmoid' }, { kind: 'dense', units: 3 }],
});
const images = ndarray([4, 6, 6, 2], uniformStream(2));
const labels = Int32Array.of(0, 2, 1, 2);
const run = (options: ClientOptions = {}) => clientUpdate(model, { images, labels }, options);

const close = (a: Update['tensors'], b: Update['tensors'], tolerance: number): void =>
  a.forEach(({ name, data }, k) => {
    const scale = Math.max(...b[k]!.data.map(Math.abs));
    const worst = Math.max(...data.map((value, i) => Math.abs(value - b[k]!.data[i]!)));
    assert.ok(worst <= tolerance * scale, `${name}: off by ${worst} of ${scale}`);
  });

forEachEngine((engine, setup) => {
  test(`${engine}: one local step is the gradient of the loss, by finite differences`, async () => {
    await setup();
    const { tensors } = await run();
    for (const [k, i] of [
      [0, 7],
      [1, 2],
      [2, 40],
    ] as const) {
      const h = 1e-2;
      const lossAt = async (shift: number) => {
        const parameters = model.parameters.map((p, at) =>
          at === k ? { ...p, data: p.data.map((v, j) => (j === i ? v + shift : v)) } : p,
        );
        return (await clientUpdate({ ...model, parameters }, { images, labels })).loss;
      };
      const numeric = ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
      assert.ok(
        Math.abs(numeric - tensors[k]!.data[i]!) < 2e-4,
        `${tensors[k]!.name}[${i}]: ${tensors[k]!.data[i]} and ${numeric}`,
      );
    }
  });

  test(`${engine}: FedAvg is SGD by hand: gradient, step, gradient; the update is their sum`, async () => {
    await setup();
    const learningRate = 0.3;
    const first = await run();
    const moved = applyUpdate(model, first.tensors, learningRate);
    const second = await clientUpdate(moved, { images, labels });
    const both = averageUpdates([first.tensors, second.tensors]).map((t) => ({ ...t, data: t.data.map((v) => 2 * v) }));
    close((await run({ localSteps: 2, learningRate })).tensors, both, 1e-4);
  });

  test(`${engine}: mini-batches go round in order`, async () => {
    await setup();
    const half = (from: number) => ({
      images: { shape: [2, 6, 6, 2], data: images.data.slice(from * 72, (from + 2) * 72) },
      labels: labels.slice(from, from + 2),
    });
    const learningRate = 0.3;
    const first = await clientUpdate(model, half(0));
    const second = await clientUpdate(applyUpdate(model, first.tensors, learningRate), half(2));
    const both = averageUpdates([first.tensors, second.tensors]).map((t) => ({ ...t, data: t.data.map((v) => 2 * v) }));
    close((await run({ localSteps: 2, learningRate, miniBatch: 2 })).tensors, both, 1e-4);
  });
});

test('averageUpdates weights clients by their images', async () => {
  const { tensors } = await run();
  const zero = tensors.map((t) => ({ ...t, data: new Float32Array(t.data.length) }));
  close(
    averageUpdates([tensors, zero], [3, 1]),
    tensors.map((t) => ({ ...t, data: t.data.map((v) => 0.75 * v) })),
    1e-6,
  );
  assert.throws(() => averageUpdates([]), /needs at least one update/);
  assert.throws(() => averageUpdates([tensors, zero], [0, 0]), /weights must be >= 0 and not all 0/);
});

test('clientUpdate and observe refuse what is wrong, in words', async () => {
  const update = await run();
  const bright = { ...images, data: images.data.map((v) => 255 * v) };
  const cases: [() => unknown, RegExp][] = [
    [
      () => clientUpdate(model, { images: bright, labels }),
      /pixels must lie in \[0, 1\], got .*divide 8-bit values by 255/,
    ],
    [
      () => clientUpdate(model, { images: ndarray([4, 5, 6, 2], 0.5), labels }),
      /the model takes images of shape \[6,6,2\], got \[5, 6, 2\]/,
    ],
    [
      () => clientUpdate(model, { images: ndarray([4, 6, 6, 2], Number.NaN), labels }),
      /pixels must lie in \[0, 1\], got NaN/,
    ],
    [
      () => clientUpdate(model, { images, labels: Int32Array.of(0, 1, 2, 3) }),
      /labels must lie in 0..2 for a model of 3 classes, got 3/,
    ],
    [() => clientUpdate(model, { images, labels: Int32Array.of(0, 1) }), /4 images need as many labels, got 2/],
    [() => run({ localStep: 2 } as ClientOptions), /unknown option "localStep"; did you mean "localSteps"\?/],
    [() => run({ miniBatch: 5 }), /miniBatch must be an integer from 1 to 4, got 5/],
    [() => run({ epochs: 2, localSteps: 4 }), /give localSteps or epochs, not both, got \[4, 2\]/],
    [
      () => run({ optimizer: 'adamm' as 'adam' }),
      /optimizer: kind must be one of sgd, adam, adamw.*did you mean "adam"/,
    ],
    [
      () => run({ optimizer: { kind: 'sgd', momentun: 0.9 } as object } as ClientOptions),
      /optimizer: unknown option "momentun"; did you mean "momentum"/,
    ],
    [
      () => run({ optimizer: { kind: 'sgd', momentum: 1 } }),
      /momentum must be a number of at least 0 and below 1, got 1/,
    ],
    [() => run({ optimizer: { kind: 'sgd', nesterov: true } }), /nesterov needs a momentum above 0, got 0/],
    [() => run({ optimizer: { kind: 'adam', epsilon: 0 } }), /epsilon must be a number above 0, got 0/],
    [
      () => run({ optimizer: { kind: 'adamw', beta2: -1 } }),
      /beta2 must be a number of at least 0 and below 1, got -1/,
    ],
    [() => run({ order: [[0, 4]] }), /order\[0\] must list rows of the batch, 0 to 3, got \[0, 4\]/],
    [() => run({ order: [[0], []] }), /order\[1\] must list rows of the batch/],
    [() => run({ order: [[0]], localSteps: 2 }), /order must name the rows of each of the 2 local steps/],
    [
      () => run({ order: 'shufled' as 'shuffled', miniBatch: 2 }),
      /order must be one of cyclic, shuffled.*did you mean "shuffled"/,
    ],
    [() => run({ schedule: [1, -1], localSteps: 2 }), /schedule\[1\] must be a number of at least 0, got -1/],
    [() => run({ schedule: [1], localSteps: 2 }), /schedule must give a factor for each of the 2 local steps/],
    [() => run({ schedule: [0, 0], localSteps: 2 }), /schedule must not be 0 in every step/],
    [() => run({ schedule: 'cosin' as 'cosine', localSteps: 2 }), /schedule must be one of .*did you mean "cosine"/],
    [
      () => run({ privacy: { clip: 1, noiseMultiplier: 0 }, optimizer: 'adam' }),
      /privacy goes with plain SGD, mini-batches in order/,
    ],
    [() => run({ learningRate: 0 }), /learningRate must be a number above 0, got 0/],
    [
      () => observe(model, { ...update, tensors: update.tensors.slice(1) }),
      /the model has 4 parameter tensors|the model has 3 parameter tensors/,
    ],
    [() => observe(model, update, { labels: [1] }), /labels must name the class of each of the 4 images, got 1/],
    [
      () =>
        observe(model, {
          ...update,
          tensors: update.tensors.map((t) => ({ ...t, data: t.data.map(() => Number.NaN) })),
        }),
      /every entry of the update must be finite; .*\[0\] is NaN/,
    ],
    [
      () => observe(model, update, { obfuscaton: uniformQuantizer({ bits: 3 }) } as object),
      /did you mean "obfuscation"\?/,
    ],
  ];
  for (const [call, message] of cases) await assert.rejects(async () => call(), message);
});

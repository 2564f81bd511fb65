/**
 * Seconds from an update to pictures, compilation included: rog() beside two published recipes in PyTorch on the same
 * update. LeNet 32x32, untrained, labels known; pictures are matched to the private ones as `score()` does. Arguments:
 * a Python with torch, a data set, steps of breaching's recipe (default its 24,000).
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { rog } from '../../src/attacks/index.js';
import { mean } from '../../src/core/numbers.js';
import type { NdArray } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { currentSession, start } from '../../src/engine/index.js';
import { lenet } from '../../src/models/index.js';
import { observeCase } from '../../src/studies/case.js';
import { score } from '../../src/studies/score.js';

const [python = 'python3', source = 'photos', most = '24000'] = process.argv.slice(2);
const SCRIPT = fileURLToPath(new URL('../../../test/bench/time_to_picture.py', import.meta.url));
const SIZE = 32;
const RECIPES = [
  { recipe: 'authors', iterations: 100 },
  { recipe: 'breaching', iterations: Number(most) },
];

await start();
const { threads } = currentSession()!;
const data = await openDataset(source, { size: SIZE });
const model = lenet({ imageShape: [SIZE, SIZE, 3], classes: data.classNames.length, seed: 1 });

const written = ({ shape, data }: NdArray) => ({
  shape,
  data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
});

for (const phi of ['none', 'quantize:3'])
  for (const size of [1, 4]) {
    const batch = data.batch({ size, seed: 1 });
    const seen = await observeCase(model, batch, { phi });
    const say = async (who: string, seconds: number, images: Float32Array): Promise<void> => {
      const { psnr } = await score(batch, { images: { ...batch.images, data: images } });
      console.log(`${phi}, batch ${size}: ${who}: ${seconds.toFixed(1)} s, ${mean(psnr).toFixed(1)} dB`);
    };
    const begin = performance.now();
    const { images } = await rog(seen);
    await say('rog()', (performance.now() - begin) / 1000, images.data);
    for (const { recipe, iterations } of RECIPES) {
      const job = {
        recipe,
        iterations,
        threads,
        size: SIZE,
        labels: [...batch.labels],
        weights: model.parameters.map(written),
        update: seen.tensors.map(written),
      };
      const asked = { input: JSON.stringify(job), maxBuffer: 2 ** 28, encoding: 'utf8' } as const;
      const { stdout, stderr, status } = spawnSync(python, [SCRIPT], asked);
      if (status !== 0) throw new Error(stderr);
      const { engine, seconds, data } = JSON.parse(stdout) as { engine: string; seconds: number; data: string };
      const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
      await say(`${recipe}, ${iterations} steps (${engine})`, seconds, new Float32Array(bytes.buffer));
    }
  }

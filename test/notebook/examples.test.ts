/** Every `@example` of the doc comments runs as a cell of its own, and gives what its comment says where it can. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import sharp from 'sharp';
import { type Kernel, startKernel } from '../../src/notebook/kernel.js';
import { temporaryFolder } from '../assets/temporary.js';
import { root } from '../fixtures.js';
import { torchClients, writeNetwork } from '../torch-clients.js';
import { type Example, examples, NOUNS, RESTORED, speaksOf } from './examples.js';

const folder = temporaryFolder();
let kernel: Kernel;
before(async () => {
  await fillFolder();
  kernel = await startKernel({ cwd: folder, env: { ROGLAB_DATA: 'scenes' } });
  const { status, said } = await run(NOUNS);
  assert.deepEqual([status, said], ['ok', '']);
});
after(() => kernel?.stop());

/** The files that the examples name: `images`, with a folder per class, and `client.onnx`. */
async function fillFolder(): Promise<void> {
  writeFileSync(join(folder, 'package.json'), '{}'); // or Node takes a package.json above as the one the cells are of
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const [k, kind] of ['cats', 'dogs'].entries()) {
    mkdirSync(join(folder, 'images', kind), { recursive: true });
    for (let i = 0; i < 4; i++) {
      const background = { r: 60 * i, g: 200 * k, b: 255 - 50 * i };
      const picture = sharp({ create: { width: 32, height: 32, channels: 3, background } });
      await picture.png().toFile(join(folder, 'images', kind, `${i}.png`));
    }
  }
  writeNetwork(folder, { ...torchClients.find(({ network }) => network)!, name: 'client' });
}

async function run(code: string): Promise<{ status: string; said: string; shown: string }> {
  let [said, shown] = ['', ''];
  const hear = ({ type, content }: { type: string; content: Record<string, unknown> }): void => {
    if (type !== 'stream') return;
    if (content.name === 'stderr') said += content.text;
    else shown += content.text;
  };
  const status = await kernel.execute(code, hear, 180);
  if (status === 'error') await sleep(300); // tslab refuses what comes at once after an error
  return { status, said, shown };
}

/** What is not in `rog` is imported from where it stands. */
const asCell = ({ file, name, code }: Example): string => {
  if (/\brog\./.test(code) || !code.includes(`${name}(`)) return code;
  const from = pathToFileURL(join(root, 'dist/src', file.replace(/\.ts$/, '.js')));
  return `import { ${name} } from '${from.pathname}';\n${code}`;
};

const numbers = (text: string): string[] => stripVTControlCharacters(text).match(/-?\d+(?:\.\d+)?(?:e-?\d+)?/g) ?? [];
const decimals = (number: string): number => number.split('.')[1]?.length ?? 0;

/** The numbers of the last comment, where nothing that the test made goes into them. */
const promised = (code: string): string[] =>
  speaksOf(code).length === 0 ? numbers(/\/\/ (?!.*\.\.\.)(.*)$/.exec(code)?.[1] ?? '') : [];

const all = examples();

test('the doc comments have examples', () => assert.ok(all.length > 110, String(all.length)));

for (const example of all) {
  const { file, name, code } = example;
  const skip =
    code.includes('lpips') && !process.env.ROGLAB_WEIGHTS ? 'needs LPIPS weights: ROGLAB_WEIGHTS=DIR' : false;
  test(`${file} ${name}: ${code.split('\n')[0]}`, { skip }, async () => {
    const { status, said, shown } = await run(asCell(example));
    if (/\bconst\b/.test(code)) await run(RESTORED);
    assert.deepEqual([status, said], ['ok', '']);
    const found = numbers(shown).map(Number);
    for (const number of promised(code))
      assert.ok(
        found.some((value) => Math.abs(value - Number(number)) <= 0.51 * 10 ** -decimals(number)),
        `${number} is not in ${shown}`,
      );
  });
}

/** The committed notebooks' form: short cells, short lines, a running time, and text that is true of any run. */
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { joined, readNotebook } from '../../src/notebook/format.js';

const FOLDER = fileURLToPath(new URL('../../../notebooks', import.meta.url));
const [CELL_LINES, WIDTH, BYTES] = [25, 100, 3e6];

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.ipynb')))
  test(`${file}: cells of at most ${CELL_LINES} lines of ${WIDTH} characters, a running time`, () => {
    const { cells } = readNotebook(join(FOLDER, file));
    const text = cells.filter(({ cell_type }) => cell_type === 'markdown').map(({ source }) => joined(source));
    const code = cells.filter(({ cell_type }) => cell_type === 'code');
    for (const { source, outputs = [] } of code) {
      const lines = joined(source).split('\n');
      assert.ok(lines.length <= CELL_LINES, `a cell of ${lines.length} lines: ${lines[0]}`);
      assert.deepEqual(
        lines.filter((line) => line.length > WIDTH),
        [],
      );
      assert.ok(
        !outputs.some((one) => one.output_type === 'error' || ('name' in one && one.name === 'stderr')),
        lines[0],
      );
    }
    const whole = text.join('\n').replaceAll('\n', ' ');
    assert.match(
      whole,
      /(second|minute)s?[^.]*quick|quick[^.]*(second|minute)/i,
      'no running time of the quick profile',
    );
    assert.match(
      whole,
      /(second|minute|hour)s?[^.]*paper|paper[^.]*(second|minute|hour)/i,
      'no running time of the paper profile',
    );
    assert.doesNotMatch(whole, /in the committed run/i);
    assert.ok(statSync(join(FOLDER, file)).size < BYTES, 'a notebook over 3 MB');
  });

test('09: of pictures that may not be shipped the notebook holds numbers and no picture', () => {
  const { cells } = readNotebook(join(FOLDER, '09-paper-scale.ipynb'));
  const from = cells.findIndex(({ source }) => joined(source).includes('ROGLAB_PAPER_IMAGES;'));
  assert.ok(from > 0);
  const shown = JSON.stringify(cells.slice(from, from + 2).map(({ outputs }) => outputs));
  assert.doesNotMatch(shown, /image\/(png|jpeg)/);
});

/** What a run says before it starts, from the notebooks' own sentences. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { runningTime, runningTimes } from '../../src/cli/running-times.js';
import { joined, readNotebook } from '../../src/notebook/format.js';
import { root } from '../fixtures.js';

const said =
  '# A\n\n*Running time on two idle cores: quick about half a\n' +
  'minute (two photographs, fewer steps), paper about 8 minutes. In the lab ...*';

test('runningTime: the sentence of each profile, across line ends and brackets', () => {
  assert.equal(runningTime(said, 'quick'), 'half a minute');
  assert.equal(runningTime(said, 'paper'), '8 minutes');
  assert.equal(runningTime('# A', 'quick'), undefined);
});

test('runningTimes: one line of those that say it, nothing where none does', () => {
  const notebooks = [
    { name: 'a', markdown: said },
    { name: 'b', markdown: '' },
    { name: 'c', markdown: said },
  ];
  assert.equal(
    runningTimes(notebooks, 'paper'),
    'profile paper, on two idle cores: a about 8 minutes, c about 8 minutes',
  );
  assert.equal(runningTimes([{ name: 'b', markdown: '' }], 'paper'), '');
});

test('the committed notebooks say it in this form, most of them', () => {
  const folder = join(root, 'notebooks');
  const texts = readdirSync(folder)
    .filter((file) => file.endsWith('.ipynb'))
    .map((file) =>
      readNotebook(join(folder, file))
        .cells.map(({ source }) => joined(source))
        .join('\n'),
    );
  assert.ok(texts.filter((text) => runningTime(text, 'quick') && runningTime(text, 'paper')).length >= 8);
});

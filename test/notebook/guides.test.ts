/** The code of the guides: cells run, sweeps are read, and commands with their flags exist. README: readme.test.ts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startKernel } from '../../src/notebook/kernel.js';
import { readSweep } from '../../src/sweeps/file.js';
import { temporaryFolder } from '../assets/temporary.js';
import { root } from '../fixtures.js';

const guides = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs')).map((f) => `docs/${f}`),
];
const text = (guide: string): string => readFileSync(join(root, guide), 'utf8');
const blocks = (guide: string, language: string): string[] =>
  [...text(guide).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code]) => code!);

const folder = temporaryFolder();

for (const guide of guides.slice(1))
  for (const [k, code] of [...blocks(guide, 'ts'), ...blocks(guide, 'js')].entries())
    test(`${guide}: block ${k + 1} runs as a cell`, async () => {
      const kernel = await startKernel({ cwd: root, env: { ROGLAB_DATA: 'scenes' } });
      try {
        assert.equal(await kernel.execute(code, () => {}, 240), 'ok');
      } finally {
        kernel.stop();
      }
    });

for (const guide of guides)
  for (const [k, code] of blocks(guide, 'yaml').entries())
    test(`${guide}: sweep ${k + 1} is one`, async () => {
      const file = join(folder, `${k}.yaml`);
      writeFileSync(file, code);
      const { name, axes } = await readSweep(file);
      assert.ok(name.length > 0 && Object.keys(axes).length > 5);
    });

test('every block of the guides is of a kind that is run or read', () => {
  for (const guide of guides)
    for (const [, language] of text(guide).matchAll(/^```(\w*)\n.*?^```$/gms))
      assert.ok(['ts', 'js', 'sh', 'yaml'].includes(language!), `${guide}: a block of "${language}"`);
});

/** `roglab COMMAND ...` in code, lines that go on joined. */
const commands = new Map<string, string[]>();
for (const guide of guides) {
  const joined = text(guide).replace(/\\\n\s*/g, ' ');
  for (const [, command, rest] of joined.matchAll(/(?:npx roglab|dist\/src\/cli\.js) (\w+)([^`\n]*)/g)) {
    const flags = rest!.match(/--[a-z][\w-]*/g) ?? [];
    commands.set(command!, [...(commands.get(command!) ?? []), ...flags]);
  }
}

for (const [command, flags] of commands)
  test(`the guides' \`roglab ${command} ${[...new Set(flags)].join(' ')}\` exists`, () => {
    const cli = join(root, 'dist/src/cli.js');
    const { status, stdout } = spawnSync(process.execPath, [cli, command, '--help'], { encoding: 'utf8' });
    assert.equal(status, 0);
    for (const flag of flags) assert.ok(stdout.includes(flag), `${flag} is not in its --help`);
  });

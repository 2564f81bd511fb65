/** data/licences.md is made from what ships: `ROGLAB_WRITE=1 node dist/test/run.js package/licences` writes it anew. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../fixtures.js';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const json = <T>(file: string): T => JSON.parse(read(file)) as T;
const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n');

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

/** What an installation brings along: name, version, licence. */
function packages(): string[][] {
  const locked = json<{ packages: Record<string, Locked> }>('package-lock.json').packages;
  const rows = Object.entries(locked)
    .filter(([path, { dev, link }]) => path !== '' && !dev && !link)
    .map(([path, { version, license }]) => [path.replace(/^.*node_modules\//, ''), version, license ?? '']);
  return [...new Map(rows.map((cells) => [cells.slice(0, 2).join(), cells])).values()].sort((a, b) =>
    a.join() < b.join() ? -1 : 1,
  );
}

const weights = (): string[][] =>
  readdirSync(join(root, 'data/weights'))
    .filter((file) => file.endsWith('.safetensors'))
    .sort()
    .map((file) => {
      const { data } = json<{ data: string }>(`data/weights/${file.replace('.safetensors', '.json')}`);
      return [`data/weights/${file}`, 'MIT (trained by this project)', data.replaceAll('|', '\\|')];
    });

const photos = (): string[] =>
  read('data/photos/CREDITS.md')
    .split('\n')
    .filter((line) => line.startsWith('|'));

const typeface = (): string =>
  /Inter \(copyright .*?, SIL Open Font License [\d.]*\d/.exec(
    read('src/report/glyphs.ts').replace(/\n \* /g, ' '),
  )![0];

const licences = (): string => `# Licences of what ships

Made from \`package-lock.json\`, \`data/\` and \`src/report/glyphs.ts\` by \`test/package/licences.test.ts\`.
roglab itself is under the MIT licence (LICENSE).

## In the package

The letters of captions and charts (\`src/report/glyphs.ts\`): ${typeface()}).

${table(['weights', 'licence', 'trained on'], weights())}

Photographs (\`data/photos\`):

${photos().join('\n')}

## Installed beside it

Packages of \`package-lock.json\` that an installation brings; those for other systems are left out by npm.

${table(['package', 'version', 'licence'], packages())}

What \`openDataset\` and LPIPS download on request is under the licences that \`data/manifest.json\` names.
`;

test('data/licences.md: the licence of every part that ships, as of now', () => {
  const file = join(root, 'data/licences.md');
  if (process.env.ROGLAB_WRITE) writeFileSync(file, licences());
  assert.equal(readFileSync(file, 'utf8'), licences(), 'ROGLAB_WRITE=1 node dist/test/run.js package/licences');
  for (const [name, version, licence] of packages()) assert.ok(licence, `${name} ${version} names no licence`);
  const credited = photos().join();
  for (const photo of readdirSync(join(root, 'data/photos')).filter((name) => name.endsWith('.jpg')))
    assert.ok(credited.includes(photo.replace('.jpg', '')), photo);
  assert.ok(json<{ files: string[] }>('package.json').files.includes('data'), 'it is in the tarball');
});

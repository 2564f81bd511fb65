/**
 * The site: the API reference from the doc comments, the guides and the executed notebooks, as pages that open from
 * disk and can be searched. `npm run docs` writes `site/`; TypeDoc is installed in `.docs`, beside a TypeScript of its
 * own.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { problem } from '../../src/core/errors.js';
import { notebookName, readNotebook } from '../../src/notebook/format.js';
import { root } from '../fixtures.js';
import { brokenLinks, pagesOf } from './links.js';
import { notebookDocument } from './notebook.js';

/** Where TypeDoc is installed, and where the pages are put together. */
export const TOOLS = join(root, '.docs');
const STAGE = join(TOOLS, 'stage');
const PINNED = ['package.json', 'package-lock.json'];

/** @returns whether TypeDoc is there as the lockfile wants it */
export const installed = (): boolean =>
  existsSync(join(TOOLS, 'node_modules/typedoc/package.json')) &&
  PINNED.every((name) => existsSync(join(TOOLS, name)) && text(join(TOOLS, name)) === text(pinned(name)));

const text = (file: string): string => readFileSync(file, 'utf8');
const pinned = (name: string): string => join(root, 'test/site/typedoc', name);

function install(): void {
  if (installed()) return;
  console.log('installing TypeDoc in .docs (once) ...');
  mkdirSync(TOOLS, { recursive: true });
  rmSync(join(TOOLS, 'package-lock.json'), { force: true });
  copyFileSync(pinned('package.json'), join(TOOLS, 'package.json'));
  copyFileSync(pinned('package-lock.json'), join(TOOLS, 'package-lock.json'));
  const { status, stderr } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: TOOLS,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  rmSync(join(TOOLS, 'package-lock.json'));
  throw problem(
    'docs',
    `TypeDoc cannot be installed (${lastLine(stderr)})`,
    undefined,
    'it needs the npm registry once',
  );
}

const lastLine = (said: string | null): string => said?.trim().split('\n').at(-1) ?? 'npm is missing';

/** Files that pages link to and that are no pages. */
const BESIDE = ['data/front.png', 'data/results', 'data/photos/CREDITS.md', '.github/rooms.svg', 'CITATION.cff'];

/** Every guide, in the order of the contents. */
export const guides = (): string[] => [
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
];

/** What the first heading of a text says. */
export const titleOf = (markdown: string): string => /^# (.*)$/m.exec(markdown)?.[1] ?? '';

/** The sources without the flat names of before, and every page as Markdown whose links go to pages. */
function stage(): void {
  rmSync(STAGE, { recursive: true, force: true });
  cpSync(join(root, 'src'), join(STAGE, 'src'), { recursive: true });
  writeFileSync(join(STAGE, 'package.json'), '{ "type": "module" }');
  const groups = join(STAGE, 'src/groups/index.ts');
  writeFileSync(groups, text(groups).replace(/^export \* from '\.\/flat\.js';\n/m, ''));
  for (const path of BESIDE) cpSync(join(root, path), join(STAGE, path), { recursive: true });
  const index = join(STAGE, 'src/index.ts');
  writeFileSync(index, text(index).replace('\n */', '\n * @module rog\n */'));
  writeFileSync(join(STAGE, 'README.md'), toPages(text(join(root, 'README.md'))).replace(TITLE, ''));
  for (const file of guides()) {
    const markdown = text(join(root, file));
    page(file, titleOf(markdown), 'Guides', toPages(markdown));
  }
  for (const file of readdirSync(join(root, 'notebooks')).filter((name) => name.endsWith('.ipynb'))) {
    const { title, markdown, pictures } = notebookDocument(readNotebook(join(root, 'notebooks', file)), file);
    page(`notebooks/${notebookName(file)}.md`, title, 'Notebooks', toPages(markdown));
    for (const [name, bytes] of pictures) writeFileSync(join(STAGE, 'notebooks', name), bytes);
  }
}

/** A link to a notebook goes to its page; the heading of a page stands in its title. */
const toPages = (markdown: string): string => markdown.replace(/(\]\([^)\s]+)\.ipynb\)/g, '$1.md)');

const TITLE = /^# .*\n/;

function page(file: string, title: string, group: string, markdown: string): void {
  const target = join(STAGE, file);
  mkdirSync(dirname(target), { recursive: true });
  const head = `---\ntitle: ${JSON.stringify(title)}\ngroup: ${group}\n---\n\n`;
  writeFileSync(target, head + markdown.replace(TITLE, ''));
}

const settings = (out: string) => ({
  name: 'roglab',
  entryPoints: [join(STAGE, 'src/index.ts')],
  tsconfig: join(STAGE, 'tsconfig.json'),
  out,
  readme: join(STAGE, 'README.md'),
  projectDocuments: [...guides(), 'notebooks/*.md'].map((files) => join(STAGE, files)),
  plugin: ['typedoc-plugin-missing-exports'],
  internalModule: 'types behind the types',
  excludeExternals: true,
  disableGit: true,
  disableSources: true,
  searchInComments: true,
  searchInDocuments: true,
  sortEntryPoints: false,
  navigation: { includeGroups: true },
  hideGenerator: true,
});

/** Writes the site to a folder. @returns what TypeDoc warned of, one line each */
export function makeSite(out: string): string[] {
  stage();
  const compilerOptions = { rootDir: STAGE, noEmit: true, incremental: false, composite: false };
  const tsconfig = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['src'] };
  writeFileSync(join(STAGE, 'tsconfig.json'), JSON.stringify(tsconfig));
  writeFileSync(join(STAGE, 'typedoc.json'), JSON.stringify(settings(out), null, 2));
  const typedoc = join(TOOLS, 'node_modules/typedoc/bin/typedoc');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [typedoc, '--options', join(STAGE, 'typedoc.json'), '--logLevel', 'Warn'],
    { cwd: TOOLS, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  );
  const said = `${stdout}${stderr}`.split('\n').filter(Boolean);
  if (status !== 0) throw problem('docs', `TypeDoc failed: ${said.slice(-20).join('\n')}`);
  return said;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const out = join(root, 'site');
  try {
    install();
    const wrong = [...makeSite(out), ...brokenLinks(out)];
    for (const line of wrong) console.error(line);
    console.log(`${pagesOf(out).length} pages: site/index.html`);
    process.exitCode = wrong.length ? 1 : 0;
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}

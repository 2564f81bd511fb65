import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { checkPlace, makeFolder, writeAtomic } from '../assets/index.js';
import { parsedJson, problem } from '../core/errors.js';
import { kernelspec, notebookText } from '../notebook/index.js';
import { starterCells } from './new/notebook.js';
import { packageVersion, projectRoot } from './root.js';

const help = `roglab new DIR: a starter project: package.json, a notebook, a folder for images

  then: cd DIR && npm install && npm start`;

/** `roglab new DIR`: writes into a new or an empty folder; nothing is overwritten. */
export async function command(args: string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(help);
    return 0;
  }
  const [name, ...more] = args;
  if (!name || name.startsWith('-') || more.length)
    throw problem('roglab new', 'takes one folder', args.join(' ') || 'nothing', 'roglab new my-audit');
  const folder = resolve(name);
  const isThere = existsSync(folder);
  if (isThere && statSync(folder).isDirectory() && readdirSync(folder).length > 0)
    throw problem('roglab new', `the folder ${name} is not empty`, undefined, 'name a new one');
  await checkPlace('roglab new', folder);
  try {
    await write(folder);
  } catch (error) {
    for (const own of OWN) await rm(join(folder, own), { recursive: true, force: true });
    if (!isThere) await rmdir(folder).catch(() => {});
    throw error;
  }
  console.log(`wrote ${relative(process.cwd(), folder) || '.'}: package.json, first.ipynb, images/`);
  console.log(`next: cd ${name} && npm install && npm start`);
  return 0;
}

/** What it writes into the folder. */
const OWN = ['images', '.gitignore', 'package.json', 'first.ipynb'] as const;

async function write(folder: string): Promise<void> {
  for (const name of ['first-class', 'second-class']) await makeFolder(join(folder, 'images', name));
  const notebook = { cells: starterCells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 };
  const texts = {
    'images/README.md': IMAGES,
    '.gitignore': 'node_modules/\nresults/\n',
    'package.json': `${JSON.stringify(manifest(basename(folder)), null, 2)}\n`,
    'first.ipynb': notebookText(notebook),
  };
  for (const [file, text] of Object.entries(texts)) await writeAtomic(join(folder, file), text);
}

const IMAGES = `One folder per class, PNG or JPEG files inside; the names of the folders are the names of the classes.
At least two classes: with one, an update carries nothing. While there are no images here the notebook uses built-in
scenes.
`;

/** npm takes lower case letters, digits and -._ for a package's name. */
const manifest = (name: string) => ({
  name:
    name
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-')
      .replace(/^[._-]+/, '') || 'audit',
  private: true,
  type: 'module',
  scripts: { start: 'roglab run --notebooks .', lab: 'roglab lab', doctor: 'roglab doctor' },
  dependencies: { roglab: source() },
});

/** The version of this copy; where it was installed from a file, that file. */
function source(): string {
  const root = projectRoot();
  const version = packageVersion();
  const lock = join(root, '..', '.package-lock.json');
  if (!existsSync(lock)) return existsSync(join(root, 'src', 'index.ts')) ? `file:${root}` : `^${version}`;
  const { packages } = parsedJson(`roglab new ${lock}`, readFileSync(lock, 'utf8')) as {
    packages: Record<string, { resolved?: string } | undefined>;
  };
  const from = packages['node_modules/roglab']?.resolved;
  return from?.startsWith('file:') ? `file:${resolve(root, '..', '..', from.slice(5))}` : `^${version}`;
}

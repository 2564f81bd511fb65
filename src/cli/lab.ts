import { join } from 'node:path';
import { integer, numeric } from '../core/options.js';
import { readFlags } from './flags.js';
import { COPIES, workingCopies } from './lab/copies.js';
import { prepare } from './lab/environment.js';
import { startServer } from './lab/lab-server.js';
import { projectRoot } from './root.js';

const help = `roglab lab: JupyterLab on copies of the notebooks, from a private Python environment in .lab
(made at first)

  --port NUMBER  default 8888, or the next free one
  --install      only make the environment

The copies are in lab/ and yours to change; a newer original goes beside what you changed. Nothing but .lab and lab
is written to; delete them to undo. A Jupyter or VS Code of your own is served by roglab kernel.`;

/** `roglab lab`: runs until Ctrl-C. */
export async function command(args: string[]): Promise<number> {
  const flags = readFlags('lab', args, { port: 'string', install: 'boolean' });
  if (flags.help) {
    console.log(help);
    return 0;
  }
  const port = integer('roglab lab', '--port', numeric(flags.port ?? '8888'), 1, 65_535);
  const root = projectRoot();
  const environment = await prepare(root, (line) => console.log(line));
  if (flags.install) return 0;
  for (const name of await workingCopies(join(root, 'notebooks'), join(root, COPIES)))
    console.log(`${COPIES}/${name} is your changed copy of an older notebook; the new one stands beside it`);
  console.log('starting JupyterLab ...');
  const server = await startServer(environment, { root, port });
  const at = (path: string) => `${server.address}${path}?token=${server.token}`;
  console.log(`\nJupyterLab        ${at(`lab/tree/${COPIES}/00-start.ipynb`)}`);
  console.log(`Notebook          ${at(`tree/${COPIES}`)}`);
  console.log(`classic Notebook  ${at(`nbclassic/tree/${COPIES}`)}`);
  console.log('\nCtrl-C ends it with its kernels.');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => server.stop());
  await server.ended;
  return 0;
}

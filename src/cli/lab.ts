import { join } from 'node:path';
import { alone, whole } from '../core/option-table.js';
import { said } from './flags.js';
import { COPIES, workingCopies } from './lab/copies.js';
import { prepare } from './lab/environment.js';
import { startServer } from './lab/lab-server.js';
import { homeOf, projectRoot } from './root.js';

const TOLD = {
  about: 'JupyterLab on copies of the notebooks, from a private Python environment in .lab (made at first)',
  flags: { port: whole('or the next free one', 8888, { to: 65_535 }), install: alone('only make the environment') },
  after: `
The copies are in lab/ and yours to change; a newer original goes beside what you changed. Nothing but .lab and lab
is written to (of an installed package: in roglab-lab/ where you are); delete them to undo.
A Jupyter or VS Code of your own is served by roglab kernel.`,
};

/** `roglab lab`: runs until Ctrl-C. */
export async function command(args: string[]): Promise<number> {
  const flags = said('lab', TOLD, args);
  if (!flags) return 0;
  const root = projectRoot();
  const home = homeOf(root, process.cwd());
  const environment = await prepare(root, (line) => console.log(line), home);
  if (flags.install) return 0;
  // what the notebooks read, where they look for it
  if (home !== root) await workingCopies(join(root, 'data'), join(home, 'data'), (name) => name.endsWith('.json'));
  for (const name of await workingCopies(join(root, 'notebooks'), join(home, COPIES)))
    console.log(`${COPIES}/${name} is your changed copy of an older notebook; the new one stands beside it`);
  console.log('starting JupyterLab ...');
  const server = await startServer(environment, { root: home, port: flags.port });
  const at = (path: string) => `${server.address}${path}?token=${server.token}`;
  console.log(`\nJupyterLab        ${at(`lab/tree/${COPIES}/00-start.ipynb`)}`);
  console.log(`Notebook          ${at(`tree/${COPIES}`)}`);
  console.log(`classic Notebook  ${at(`nbclassic/tree/${COPIES}`)}`);
  console.log('\nCtrl-C ends it with its kernels.');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => server.stop());
  await server.ended;
  return 0;
}

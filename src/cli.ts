#!/usr/bin/env node
import { diskProblem } from './assets/files.js';
import { packageVersion } from './cli/root.js';
import { nearest } from './core/errors.js';
import { telemetryOff } from './core/telemetry.js';

/** What can follow `roglab`: modules of `cli` that export one function of the arguments, which gives the exit code. */
const COMMANDS: Readonly<Record<string, string>> = {
  new: 'write a starter project: a notebook, package.json, a folder for images',
  run: 'run the notebooks through the kernel and write results/',
  attack: 'attack a folder of images and write what the server rebuilds',
  audit: 'say how much your own network, weights and settings leak',
  kernel: 'register the kernel with an installed Jupyter',
  lab: 'start JupyterLab on the notebooks, from a private environment',
  doctor: 'say what is installed, which engines work and what is missing',
  engine: 'list, add and remove engines: TensorFlow, CUDA, WebGPU',
  quality: 'print the quality table of the attacks',
  train: 'train one of the networks that the library ships',
  pairs: 'attack training images, for training the restorer',
  study: 'train under noise and other defences, and attack what is sent',
  sweep: 'run a grid of attacks from a file, here or over a queue; status, resume, export',
  worker: 'compute the cells of sweeps that a Redis hands out',
  bench: 'print the speed table of the engines',
};

const usage = `usage: roglab COMMAND [flags]\n\n${Object.entries(COMMANDS)
  .map(([name, summary]) => `  ${name.padEnd(8)} ${summary}`)
  .join('\n')}\n\nroglab COMMAND --help tells the flags.`;

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.log(usage);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v' || name === 'version') {
    console.log(packageVersion());
    return 0;
  }
  if (Object.hasOwn(COMMANDS, name)) {
    const { command } = (await import(`./cli/${name}.js`)) as { command: (args: string[]) => Promise<number> };
    return command(args);
  }
  const near = nearest(name, Object.keys(COMMANDS));
  console.error(
    `roglab: unknown command ${JSON.stringify(name)}; ` +
      `${near ? `did you mean ${near}?` : `commands: ${Object.keys(COMMANDS).join(', ')}`}`,
  );
  return 2;
}

/** A mistake of the user is one line; ROGLAB_DEBUG=1 shows where any error came from. */
function report(thrown: unknown): number {
  const { path = 'a file' } = thrown as NodeJS.ErrnoException;
  const { message, stack, name } = diskProblem('roglab', path, thrown);
  const [line = ''] = String(message).split('\n');
  console.error(process.env.ROGLAB_DEBUG ? stack : name === 'RoglabError' ? line : `roglab: ${line}`);
  return USAGE.test(line) ? 2 : 1;
}

/** Mistakes in the words of a command, told before anything is done. */
const USAGE = /^(roglab [\w -]+: (unknown flag |--|takes |NAME |the study )|parseObfuscation: )/;

/** An answer that standard output does not take (a full disk) is a failure; one that is not read to its end is none. */
function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    if (!process.exitCode) console.error(diskProblem('roglab', 'to standard output', error).message);
    process.exitCode = 1;
  });
}

telemetryOff(); // before anything is loaded, for every process that a command starts
watchOutput();
main(process.argv.slice(2))
  .catch(report)
  .then((code) => {
    process.exitCode ||= code;
  });

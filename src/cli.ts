#!/usr/bin/env node
import { diskProblem } from './assets/files.js';
import { packageVersion } from './cli/root.js';
import { nearest } from './core/errors.js';
import { telemetryOff } from './core/telemetry.js';

type Command = (args: string[]) => Promise<number>;

/** What can follow `roglab`: modules that export one function of the arguments, which gives the exit code. */
const commands: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
  new: {
    summary: 'write a starter project: a notebook, package.json, a folder for images',
    load: async () => (await import('./cli/new.js')).command,
  },
  run: {
    summary: 'run the notebooks through the kernel and write results/',
    load: async () => (await import('./cli/run.js')).command,
  },
  attack: {
    summary: 'attack a folder of images and write what the server rebuilds',
    load: async () => (await import('./cli/attack.js')).command,
  },
  audit: {
    summary: 'say how much your own network, weights and settings leak',
    load: async () => (await import('./cli/audit.js')).command,
  },
  kernel: {
    summary: 'register the kernel with an installed Jupyter',
    load: async () => (await import('./cli/kernel.js')).command,
  },
  lab: {
    summary: 'start JupyterLab on the notebooks, from a private environment',
    load: async () => (await import('./cli/lab.js')).command,
  },
  doctor: {
    summary: 'say what is installed, which engines work and what is missing',
    load: async () => (await import('./cli/doctor.js')).command,
  },
  engine: {
    summary: 'list, add and remove engines: TensorFlow, CUDA, WebGPU',
    load: async () => (await import('./cli/engine.js')).command,
  },
  quality: {
    summary: 'print the quality table of the attacks',
    load: async () => (await import('./cli/quality.js')).command,
  },
  train: {
    summary: 'train one of the networks that the library ships',
    load: async () => (await import('./cli/train.js')).command,
  },
  pairs: {
    summary: 'attack training images, for training the restorer',
    load: async () => (await import('./cli/pairs.js')).command,
  },
  study: {
    summary: 'train under noise and other defences, and attack what is sent',
    load: async () => (await import('./cli/study.js')).command,
  },
  sweep: {
    summary: 'run a grid of attacks from a file, here or over a queue; status, resume, export',
    load: async () => (await import('./cli/sweep.js')).command,
  },
  worker: {
    summary: 'compute the cells of sweeps that a Redis hands out',
    load: async () => (await import('./cli/worker.js')).command,
  },
  bench: {
    summary: 'print the speed table of the engines',
    load: async () => (await import('./cli/bench.js')).command,
  },
};

const usage = `usage: roglab COMMAND [flags]\n\n${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
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
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command) return (await command.load())(args);
  const near = nearest(name, Object.keys(commands));
  console.error(
    `roglab: unknown command ${JSON.stringify(name)}; ` +
      `${near ? `did you mean ${near}?` : `commands: ${Object.keys(commands).join(', ')}`}`,
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

/** Watches a program: which hosts it looks up, and which files it leaves. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const traced = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;

/** Why native look-ups cannot be seen here; false where they can. Files are seen everywhere. */
export const blind: string | false = traced ? false : 'no strace, or it may not trace: apt install strace';

export interface Sight {
  readonly status: number | null;
  readonly said: string;
  /** What was asked of the network, one system call a line; empty where nothing can be seen. */
  readonly lookups: readonly string[];
  /** Files left in the home folder, which was empty. */
  readonly files: readonly string[];
}

/**
 * A name server's port, an address that is not this machine's, or the files and sockets that the C library asks for a
 * host.
 */
const LOOKUP = /htons\(53\)|"\/etc\/hosts"|nscd\/socket|(?:sin_addr=inet_addr\("(?!127\.)|sin6_addr.*?"(?!::1"))/;

/** Runs a program with an empty home as its only home; `HOME` and the folders of caches and settings lie in it. */
export function watch(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Sight {
  const home = mkdtempSync(join(tmpdir(), 'roglab-home-'));
  const trace = `${home}.trace`;
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(XDG_|ROGLAB_|ORT_)/.test(name)));
  const spied = blind
    ? [program, ...args]
    : ['strace', '-f', '-qq', '-e', 'trace=connect,sendto,sendmsg,sendmmsg,openat', '-o', trace, program, ...args];
  try {
    const { status, stdout, stderr } = spawnSync(spied[0]!, spied.slice(1), {
      cwd: home,
      env: { ...own, HOME: home, USERPROFILE: home, ...env },
      encoding: 'utf8',
    });
    const files = readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1));
    const calls = blind ? [] : readFileSync(trace, 'utf8').split('\n');
    return { status, said: `${stdout}${stderr}`, lookups: calls.filter((line) => LOOKUP.test(line)), files };
  } finally {
    rmSync(home, { recursive: true, force: true });
    rmSync(trace, { force: true });
  }
}

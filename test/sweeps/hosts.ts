/** Hosts as network namespaces of this machine, each with a cable that can be unplugged. */
import { spawnSync } from 'node:child_process';

const ip = (...args: string[]): boolean => spawnSync('ip', args).status === 0;

export interface Host {
  readonly name: string;
  readonly address: string;
  /** Goes before a command that shall run there. */
  readonly inside: string[];
  readonly unplug: () => void;
  readonly plug: () => void;
  readonly remove: () => void;
}

const prefix = `rog${process.pid}`;
const allowed = ip('netns', 'add', `${prefix}try`) && ip('netns', 'del', `${prefix}try`);

/** Why there can be no hosts here; false where there can. */
export const noHosts: string | false = allowed ? false : 'network namespaces need root and iproute2';

/** So many hosts on one switch. */
export function hosts(count: number): Host[] {
  const bridge = `${prefix}b`;
  ip('link', 'add', bridge, 'type', 'bridge');
  ip('link', 'set', bridge, 'up');
  return Array.from({ length: count }, (_, i) => {
    const name = `${prefix}h${i}`;
    const [outer, inner] = [`${prefix}v${i}`, `${prefix}w${i}`];
    const address = `10.213.7.${i + 1}`;
    ip('netns', 'add', name);
    ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', inner);
    ip('link', 'set', inner, 'netns', name);
    ip('link', 'set', outer, 'master', bridge);
    ip('link', 'set', outer, 'up');
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', inner);
    ip('-n', name, 'link', 'set', inner, 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    const cable = (state: string) => (): void => {
      ip('link', 'set', outer, state);
    };
    const remove = (): void => {
      ip('netns', 'del', name);
      if (i === 0) ip('link', 'del', bridge);
    };
    return { name, address, inside: ['ip', 'netns', 'exec', name], unplug: cable('down'), plug: cable('up'), remove };
  });
}

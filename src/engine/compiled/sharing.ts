/**
 * Runs of one graph that are wanted at the same time, by attacks side by side, are one run of a graph of several. Those
 * that first meet stay together: what is fixed for each lies in their session.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { ndarray } from '../../core/arrays.js';
import type { NdArray } from '../../core/types.js';
import type { Session } from './session.js';

/** One of several sessions that may run together. */
export interface Member {
  /** Equal ones run together. */
  readonly key: string;
  /** Runs in one of the stacked session. */
  readonly count: number;
  /** From so many on they run together, and once that session is open. */
  readonly least: readonly [first: number, later: number];
  /** The same in every run of this one. */
  readonly fixed: readonly NdArray[];
  /** Opens the session of one run; asked for where none of the others wants to run. */
  readonly alone: () => Promise<Session>;
  /** Opens the session of `count` runs, whose arrays have a leading axis of runs. */
  readonly together: (fixed: readonly NdArray[]) => Promise<Session>;
}

interface Wish {
  readonly inputs: readonly NdArray[];
  readonly by: Place;
  readonly resolve: (outputs: NdArray[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Where wishes wait for each other. */
interface Room {
  users: number;
  readonly wishes: Wish[];
  serving: boolean;
}

/** Members whose runs are one run. */
interface Group extends Room {
  readonly session: Promise<Session | undefined>;
  /** The inputs of the last run, to be written over: who wants nothing now leaves his there. */
  readonly buffers: readonly NdArray[];
}

/** A member, and its places in a group: it may want several runs at a time, starting points of one attack. */
interface Place {
  readonly member: Member;
  readonly alone: (inputs: readonly NdArray[]) => Promise<NdArray[]>;
  group?: Group;
  indexes: readonly number[];
}

/** Those who have not met others yet. */
const lobbies = new Map<string, Room>();
/** Keys whose stacked session does not open: told once. */
const refused = new Set<string>();
const room = (users: number): Room => ({ users, wishes: [], serving: false });

/** A session whose runs go together with those of others with the key. */
export function sharing(member: Member): Session {
  const { key, alone } = member;
  const lobby = lobbies.get(key) ?? room(0);
  lobbies.set(key, lobby);
  lobby.users++;
  let own: Promise<Session> | undefined;
  let open = true;
  const place: Place = {
    member,
    indexes: [],
    alone: async (inputs) => {
      own ??= alone();
      return (await own).run(inputs);
    },
  };
  return {
    run: (inputs) =>
      new Promise((resolve, reject) => {
        const { group } = place;
        const { wishes } = group ?? lobby;
        wishes.push({ inputs, by: place, resolve, reject });
        void (group
          ? serve(group, member, (now) => inGroup(now, group))
          : serve(lobby, member, (now) => met(now, lobby)));
      }),
    release: () => {
      if (!open) return;
      open = false;
      released(own);
      const { group } = place;
      if (group && --group.users === 0) released(group.session);
      if (!group && --lobby.users === 0 && lobbies.get(key) === lobby) lobbies.delete(key);
    },
  };
}

/** One that did not open was told to who asked for it. */
const released = (session: Promise<Session | undefined> | undefined): void =>
  void session?.then(
    (one) => one?.release(),
    () => {},
  );

/** Never rejects: an error is that of the wishes that met it. */
async function serve(room: Room, { count }: Member, run: (now: readonly Wish[]) => Promise<unknown>): Promise<void> {
  if (room.serving) return;
  room.serving = true;
  while (room.wishes.length > 0) {
    await gathered(room, count);
    await run(room.wishes.splice(0, count));
  }
  room.serving = false;
}

/** Until there are enough, or a turn of the event loop has brought nobody. */
async function gathered({ wishes }: Room, count: number): Promise<void> {
  for (let seen = 0; seen < wishes.length && wishes.length < count; ) {
    seen = wishes.length;
    await turn();
  }
}

/** Those who want to run at the same time become a group, where they are enough. */
function met(now: readonly Wish[], lobby: Room): Promise<unknown> {
  const [{ by, inputs }] = now as [Wish];
  const { key, count, least, together } = by.member;
  if (refused.has(key) || now.length < least[0]) return apart(now);
  const places = Array.from({ length: count }, (_, i) => (now[i] ?? now[0]!).by);
  const fixed = by.member.fixed.map((_, k) => side(places.map(({ member }) => member.fixed[k]!)));
  const session = together(fixed).catch((error: Error) => {
    refused.add(key);
    process.emitWarning(`${count} runs in one do not open (${error.message}): they run one by one`);
    return undefined;
  });
  const members = new Set(places);
  const buffers = inputs.map((one) => side(places.map(() => one)));
  const group: Group = { ...room(members.size), session, buffers };
  lobby.users -= members.size;
  if (lobby.users === 0) lobbies.delete(key);
  for (const one of members) {
    one.group = group;
    one.indexes = places.flatMap((place, i) => (place === one ? [i] : []));
  }
  return inGroup(now, group);
}

const apart = (wishes: readonly Wish[]): Promise<unknown> =>
  Promise.all(wishes.map(({ inputs, by, resolve, reject }) => by.alone(inputs).then(resolve, reject)));

async function inGroup(now: readonly Wish[], group: Group): Promise<unknown> {
  const session = now.length < now[0]!.by.member.least[1] ? undefined : await group.session;
  if (!session) return apart(now);
  const free = new Map(now.map(({ by }) => [by, by.indexes.values()]));
  const placed = now.map((wish) => ({ ...wish, index: free.get(wish.by)!.next().value }));
  group.wishes.unshift(...now.filter((_, i) => placed[i]!.index === undefined)); // more at a time than places
  const running = placed.filter((wish): wish is typeof wish & { index: number } => wish.index !== undefined);
  for (const { inputs, index } of running)
    for (const [k, { data }] of inputs.entries()) group.buffers[k]!.data.set(data, index * data.length);
  try {
    const outputs = await session.run(group.buffers);
    for (const { index, resolve } of running) resolve(outputs.map((all) => part(all, index)));
  } catch (error) {
    for (const { reject } of running) reject(error);
  }
}

/** Arrays of one shape under a leading axis of runs. */
function side(arrays: readonly NdArray[]): NdArray {
  const all = ndarray([arrays.length, ...arrays[0]!.shape]);
  for (const [run, { data }] of arrays.entries()) all.data.set(data, run * data.length);
  return all;
}

function part({ shape: [count, ...shape], data }: NdArray, run: number): NdArray {
  const size = data.length / count!;
  return { shape, data: data.slice(run * size, (run + 1) * size) };
}

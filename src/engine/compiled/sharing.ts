/** Runs of one graph that are wanted at the same time, by attacks side by side, are one run of a graph of several. */
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
  /** Opens the session of one run; asked for where none of the others wants to run. */
  readonly alone: () => Promise<Session>;
  /** Opens the session of `count` runs, whose arrays have a leading axis of runs. */
  readonly together: () => Promise<Session>;
}

interface Wish {
  readonly inputs: readonly NdArray[];
  readonly alone: (inputs: readonly NdArray[]) => Promise<NdArray[]>;
  readonly resolve: (outputs: NdArray[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Crowd {
  users: number;
  wishes: Wish[];
  serving: boolean;
  session?: Promise<Session>;
  /** The inputs of the last stacked run, to be written over. */
  buffers?: readonly NdArray[];
}

const crowds = new Map<string, Crowd>();
/** Keys whose stacked session does not open: told once. */
const refused = new Set<string>();

/** A session whose runs go together with those of others with the key. */
export function sharing(member: Member): Session {
  const { key, alone } = member;
  const crowd: Crowd = crowds.get(key) ?? { users: 0, wishes: [], serving: false };
  crowds.set(key, crowd);
  crowd.users++;
  let own: Promise<Session> | undefined;
  let open = true;
  const runAlone: Wish['alone'] = async (inputs) => {
    own ??= alone();
    return (await own).run(inputs);
  };
  return {
    run: (inputs) =>
      new Promise((resolve, reject) => {
        crowd.wishes.push({ inputs, alone: runAlone, resolve, reject });
        if (!crowd.serving) void serve(crowd, member);
      }),
    release: () => {
      if (!open) return;
      open = false;
      released(own);
      if (--crowd.users > 0) return;
      crowds.delete(key);
      released(crowd.session);
    },
  };
}

/** One that did not open was told to who asked for it. */
const released = (session: Promise<Session> | undefined): void =>
  void session?.then(
    ({ release }) => release(),
    () => {},
  );

/** Never rejects: an error is that of the wishes that met it. */
async function serve(crowd: Crowd, member: Member): Promise<void> {
  crowd.serving = true;
  while (crowd.wishes.length > 0) {
    await gathered(crowd, member.count);
    const now = crowd.wishes.splice(0, member.count);
    const enough = now.length >= member.least[crowd.session ? 1 : 0];
    await (enough && !refused.has(member.key) ? together : apart)(now, crowd, member);
  }
  crowd.serving = false;
}

/** Until there are enough, or a turn of the event loop has brought nobody. */
async function gathered({ wishes }: Crowd, count: number): Promise<void> {
  for (let seen = 0; seen < wishes.length && wishes.length < count; ) {
    seen = wishes.length;
    await turn();
  }
}

const apart = (wishes: readonly Wish[]): Promise<unknown> =>
  Promise.all(wishes.map(({ inputs, alone, resolve, reject }) => alone(inputs).then(resolve, reject)));

async function together(wishes: readonly Wish[], crowd: Crowd, member: Member): Promise<unknown> {
  crowd.session ??= member.together();
  const session = await crowd.session.catch((error: Error) => {
    refused.add(member.key);
    crowd.session = undefined;
    process.emitWarning(`${member.count} runs in one do not open (${error.message}): they run one by one`);
  });
  if (!session) return apart(wishes);
  try {
    const outputs = await session.run(filled(wishes, crowd, member.count));
    for (const [run, { resolve }] of wishes.entries()) resolve(outputs.map((all) => part(all, run)));
  } catch (error) {
    for (const { reject } of wishes) reject(error);
  }
}

/** The inputs of all runs; places that nobody wants repeat the first. */
function filled(wishes: readonly Wish[], crowd: Crowd, count: number): readonly NdArray[] {
  crowd.buffers ??= wishes[0]!.inputs.map(({ shape }) => ndarray([count, ...shape]));
  for (const [k, { data }] of crowd.buffers.entries())
    for (let run = 0; run < count; run++) {
      const given = (wishes[run] ?? wishes[0]!).inputs[k]!.data;
      data.set(given, run * given.length);
    }
  return crowd.buffers;
}

function part({ shape: [count, ...shape], data }: NdArray, run: number): NdArray {
  const size = data.length / count!;
  return { shape, data: data.slice(run * size, (run + 1) * size) };
}

/**
 * The values of all promises, as Promise.all; but it waits for every one of them before it rejects with the first
 * reason, so that nothing is still at work when the caller clears up. (A worker thread that is ended inside a native
 * call takes the process with it.)
 */
export async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const outcomes = await Promise.allSettled(promises);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

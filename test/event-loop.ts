/** Counts the turns of the event loop from now on, until it is stopped. */
export function loopTurns(): { readonly turns: () => number; readonly stop: () => void } {
  let [turns, going] = [0, true];
  const count = (): void => {
    turns++;
    if (going) setImmediate(count);
  };
  setImmediate(count);
  return {
    turns: () => turns,
    stop: () => {
      going = false;
    },
  };
}

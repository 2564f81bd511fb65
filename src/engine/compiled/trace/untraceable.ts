/** Marks an error that means "this function cannot be compiled", as opposed to "this function is wrong". */
export class Untraceable extends Error {
  constructor(
    message: string,
    /** The function reads a value: no engine choice would make it a pure step. */
    readonly readsValue = false,
  ) {
    super(message);
  }
}

/** Labels that a rule found, one per image of the batch, with a number in [0, 1] each: how clearly it stands out. */
export interface Found {
  readonly labels: readonly number[];
  readonly confidence: readonly number[];
}

/** Called by a rule that takes seconds, before its first part and after every part; what it throws ends the rule. */
export type Watch = (done: number, parts: number) => void;

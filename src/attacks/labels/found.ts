/** Labels that a rule found, one per image of the batch, with a number in [0, 1] each: how clearly it stands out. */
export interface Found {
  readonly labels: readonly number[];
  readonly confidence: readonly number[];
}

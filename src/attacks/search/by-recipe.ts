import type { Checked, OptionTable } from '../../core/option-table.js';
import type { AttackSteps, Observation } from '../../core/types.js';
import { judged } from '../confidence/judge.js';
import { type Needs, opened, taken } from './needs.js';
import { type Recipe, type RunOptions, runRecipe } from './recipe.js';

/** Options of an attack that may know phi or not. */
interface Aware extends RunOptions {
  readonly defenseAware?: boolean;
}

/** What a paper's attack is called, what it can be told, and what it needs, which its options may add to. */
interface Published<O extends Aware, T extends OptionTable<O>> {
  readonly attack: string;
  readonly options: T & { readonly defenseAware: { readonly initial: boolean } };
  readonly needs: Needs | ((given: Checked<O, T>) => Needs);
}

/** The steps of an attack that is a recipe, from what the server sees: checked, run, with a confidence a picture. */
export function byRecipe<O extends Aware, T extends OptionTable<O>>(
  { attack, options: table, needs }: Published<O, T>,
  observation: Observation,
  options: O,
  recipe: (seen: Observation, given: Checked<O, T>) => Omit<Recipe, 'attack' | 'defenseAware'>,
): AttackSteps {
  const given = opened(attack, observation, options, table as T, needs);
  const { defenseAware = table.defenseAware.initial } = given;
  const seen = taken(attack, observation, defenseAware);
  return judged(observation, runRecipe(seen, { attack, defenseAware, ...recipe(seen, given) }, options));
}

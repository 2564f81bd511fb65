/** Studies: truth meets reconstruction; many attacks side by side. */
export {
  attackAll,
  budgetSweep,
  dpStudy,
  labelAccuracy,
  labelStudy,
  leakageOf,
  liveScores,
  matched,
  observeCase,
  score,
  semanticResults,
  semanticScores,
  semanticSummary,
  soteria,
  study,
} from '../studies/index.js';

export { type ImageRow, imageRows } from './image-rows.js';
export { type ScoreCurvesOptions, scoreCurves } from './score-curves.js';
export { type ScoreGridOptions, scoreGrid } from './score-grid.js';
export { plusMinus, type ScoreTableOptions, scoreTable } from './score-table.js';

/** Figures for people: grids of pictures, charts, tables, numbers that move while an attack runs. */
export { predictionChart, robustnessChart, tradeOffChart } from '../audit/index.js';
export { alike, counted } from '../core/units.js';
export { imageRows, plusMinus, scoreCurves, scoreGrid, scoreTable } from '../figures/index.js';
export {
  banded,
  counter,
  diagram,
  diagramSvg,
  imageGrid,
  imageGridPng,
  imagePng,
  note,
  plot,
  plotSvg,
  profile,
  profileName,
  progress,
  table,
  tableText,
  trainingProgress,
} from '../report/index.js';

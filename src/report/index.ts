export { type BandedOptions, banded } from './banded.js';
export { PALETTE as palette } from './chart/theme.js';
export type { Annotation, AxisLayout, Layout, Shape, Trace } from './chart/types.js';
export { counter } from './counter.js';
export { type DiagramArrow, type DiagramNode, type DiagramOptions, diagram, diagramSvg } from './diagram/index.js';
export {
  type DisplayOptions,
  display,
  displaySlot,
  inKernel,
  isHeadless,
  keepBursts,
  type MimeBundle,
} from './display.js';
export { type ImageGridOptions, imageGrid, imageGridPng, imagePng } from './image-grid.js';
export { note } from './note.js';
export { type PlotOptions, plot, plotSvg } from './plot.js';
export { type Profile, profile, profileName } from './profile.js';
export { type OnProgress, type ProgressOptions, progress } from './progress.js';
export { type ColumnTable, type TableOptions, table, tableText } from './table.js';
export { type TrainingEvent, trainingProgress } from './training-progress.js';

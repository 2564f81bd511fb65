/** The door to d3's scales and number helpers. */
export { extent, ticks } from 'd3-array';
export { scaleLinear, scaleLog } from 'd3-scale';

export { separated } from './exact.js';
export { type SoftInversion, softInversion } from './soft.js';

export { separated } from './exact.js';

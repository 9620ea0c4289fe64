export { writeAtomically } from './writeAtomically.js';

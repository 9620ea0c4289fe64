export { registerMissingGradients } from './registerMissingGradients.js';

import { library } from '../../tsup.base.js';

export default library({
  entry: ['src/index.ts', 'src/keras.ts'],
  // One LayerError, whichever of the two it comes from, in CommonJS as well.
  splitting: true,
});

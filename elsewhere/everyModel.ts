import { everyNetwork } from '../packages/encoders/src/testing/everyNetwork.js';
import { everyLayer, type ModelCase } from '../packages/layers/src/testing/everyLayer.js';

/** The models whose layers each package registers: what loads after an import of that package and no other of ours. */
export const everyModel: { [importedPackage: string]: readonly ModelCase[] } = {
  '@amr/layers': everyLayer,
  '@amr/encoders': everyNetwork,
};

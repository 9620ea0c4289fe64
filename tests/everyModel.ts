import { everyLayer, type ModelCase } from '@amr/testing/layers/everyLayer';
import { everyNetwork } from '@amr/testing/networks/everyNetwork';

/** The models whose layers each package registers: what loads after an import of that package and no other of ours. */
export const everyModel: { [importedPackage: string]: readonly ModelCase[] } = {
  '@amr/layers': everyLayer,
  '@amr/encoders': everyNetwork,
};

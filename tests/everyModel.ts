import { everyLayer, type ModelCase } from '@amr/testing/layers/everyLayer';
import { everyNetwork } from '@amr/testing/networks/everyNetwork';

/** For each package, the models that load when that package alone is imported, since it registers their layers. */
export const everyModel: { [importedPackage: string]: readonly ModelCase[] } = {
  '@amr/layers': everyLayer,
  '@amr/encoders': everyNetwork,
};

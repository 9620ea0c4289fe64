import type { layers } from '@tensorflow/tfjs-layers';

/** The options that every tfjs layer takes; tfjs-layers does not export their type. */
export type LayerConfig = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

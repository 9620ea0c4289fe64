import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { LayerNode } from './rewire.js';

/** Any layer; tfjs-layers does not export the type that its models' graphs speak of. */
export type Layer = SymbolicTensor['sourceLayer'];

/** A tensor of a model's graph, in one application of the opened models around it. */
export interface Value {
  /** The tensor, in the graph of the model that holds it. */
  readonly symbol: SymbolicTensor;
  /** What it comes from. */
  readonly use: LayerUse;
}

/** One application of a layer, in one application of the opened models around it. */
export interface LayerUse {
  /** The layer. */
  readonly layer: Layer;
  /** Its name behind those of the opened models around it, with slashes. */
  readonly path: string;
  /** The application in the graph of the model that holds it; none for an input and for what opening a model adds. */
  readonly node?: LayerNode;
  /** What it takes. Empty for inputs. */
  readonly inputs: readonly Value[];
  /** What it gives; `undefined` where no output of the whole model asks an opened model for it. */
  readonly outputs: (Value | undefined)[];
  /** Whether it is a nested model whose layers stand in its place, or the input of one. */
  readonly opened: boolean;
  /** Position of the application among those of the layer, behind those of the opened models around it. */
  readonly order: readonly number[];
}

import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { LayerNode } from './rewire.js';

/** Any layer; tfjs-layers does not export the type that its graphs use. */
export type Layer = SymbolicTensor['sourceLayer'];

/** A tensor of a model's graph, in one application of the opened models around it. */
export interface Value {
  /** The tensor, in the graph of the model that holds it. */
  readonly symbol: SymbolicTensor;
  /** The application that computes it. */
  readonly use: LayerUse;
}

/** One application of a layer, in one application of the opened models around it. */
export interface LayerUse {
  /** The layer. */
  readonly layer: Layer;
  /** The names of the opened models around it and its own, with slashes. */
  readonly path: string;
  /** The application in the graph of the model that holds it; undefined for an input and for layers that opening a model adds. */
  readonly node?: LayerNode;
  /** Its inputs. Empty for an input of the model. */
  readonly inputs: readonly Value[];
  /** Its outputs; `undefined` for an output of an opened model on which no output of the whole model depends. */
  readonly outputs: (Value | undefined)[];
  /** Whether it is an opened model, or the input of one. */
  readonly opened: boolean;
  /** The index of the application among those of its layer, after the indices of the opened models around it. */
  readonly order: readonly number[];
}

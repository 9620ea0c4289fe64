import type { LayersModel, LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { builtInWeights } from './builtInWeights.js';
import type { TorchConstant, TorchLayer, TorchWeight } from './torchWeights.js';

type Layer = layers.Layer;

/** A layer of a model, with PyTorch's names of its weights. */
export interface WeightedLayer {
  name: string;
  className: string;
  /** Variables by the name that the layer gave to `addWeight`. */
  variables: { [weight: string]: LayerVariable };
  /** Undefined for a layer without PyTorch names. A weight without an entry has none either. */
  torch: { [weight: string]: TorchWeight } | undefined;
  constants: TorchConstant[];
}

/** All layers of a model, including those of nested models and inside `timeDistributed`, each once. */
export function layersIn(model: LayersModel): { name: string; layer: Layer }[] {
  const found = new Map<Layer, string>();
  const visit = (layer: Layer, name: string): void => {
    const { layers: inner, layer: wrapped } = layer as Layer & { layers?: Layer[]; layer?: Layer };
    if (Array.isArray(inner)) for (const one of inner) visit(one, one.name);
    else if (layer.getClassName() === 'TimeDistributed' && wrapped) visit(wrapped, name);
    else if (!found.has(layer)) found.set(layer, name);
  };
  for (const layer of model.layers) visit(layer, layer.name);
  return [...found].map(([layer, name]) => ({ name, layer }));
}

/** Those of {@link layersIn} that have weights. */
export function weightedLayers(model: LayersModel): WeightedLayer[] {
  return layersIn(model)
    .filter(({ layer }) => layer.weights.length > 0)
    .map(({ name, layer }) => {
      // `originalName` starts with the scopes in which the variable was made: "block/conv/kernel".
      const variables = Object.fromEntries(
        layer.weights.map((variable) => [variable.originalName.split('/').at(-1)!, variable]),
      );
      const className = layer.getClassName();
      const own = layer as Layer & Partial<TorchLayer>;
      const shapes = Object.fromEntries(
        Object.entries(variables).map(([weight, { shape }]) => [weight, shape as number[]]),
      );
      return {
        name,
        className,
        variables,
        torch: own.torchWeights ? own.torchWeights() : builtInWeights(className, shapes),
        constants: own.torchConstants?.() ?? [],
      };
    });
}

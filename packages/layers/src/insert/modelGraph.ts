import { LayersModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Layer, LayerUse, Value } from './graphValues.js';
import { mayBeMasked } from './masking.js';
import { RestoreMask } from './restoreMask.js';
import { type LayerNode, nodeOf } from './rewire.js';

/** What a model's outputs depend on. */
export interface ModelGraph {
  /** The outputs, in the model's order. */
  readonly outputs: readonly Value[];
  /** All applications of layers on which the outputs depend; each comes after its inputs. */
  readonly uses: readonly LayerUse[];
}

/**
 * Traces the outputs of a model back to its inputs. It enters the opened models: their layers stand in the models' place.
 * tfjs's own graph has one node per application of a nested model, behind which the model's layers stay hidden, and one
 * set of inner tensors for all applications. Here each application has its own values, so that a layer inside a nested
 * model can be named, and one application of a shared layer distinguished from another.
 */
export function modelGraphOf(model: LayersModel, opened: ReadonlySet<Layer>): ModelGraph {
  const uses: LayerUse[] = [];

  /** The values of one application of a model: a model that is nested twice has two scopes. */
  class Scope {
    readonly #values = new Map<SymbolicTensor, Value>();
    readonly #nested = new Map<LayerNode, { scope: Scope; use: LayerUse }>();

    constructor(
      inputs: readonly SymbolicTensor[],
      given: readonly (Value | undefined)[],
      readonly prefix: string,
      readonly order: readonly number[],
    ) {
      for (const [i, symbol] of inputs.entries()) {
        const { sourceLayer: layer } = symbol;
        const outputs: Value[] = [];
        const path = prefix + layer.name;
        const use = {
          layer,
          path,
          inputs: [],
          outputs,
          opened: given[i] !== undefined,
          order: [...order, 0],
        };
        outputs.push(given[i] ?? { symbol, use });
        this.#values.set(symbol, outputs[0]!);
        uses.push(use);
      }
    }

    valueOf(symbol: SymbolicTensor): Value {
      const known = this.#values.get(symbol);
      if (known) return known;
      const { sourceLayer: layer } = symbol;
      const node = nodeOf(symbol);
      const position = node.outputTensors.indexOf(symbol);
      if (opened.has(layer)) {
        const { scope, use } = this.#open(layer as unknown as LayersModel, node);
        const inner = scope.valueOf((layer as unknown as LayersModel).outputs[position]!);
        const value = mayBeMasked(inner) ? this.#withoutMask(inner, symbol, use) : inner;
        use.outputs[position] = value;
        this.#values.set(symbol, value);
        return value;
      }
      const use = this.#use(layer, node, false);
      for (const tensor of node.outputTensors) {
        const value = { symbol: tensor, use };
        use.outputs.push(value);
        this.#values.set(tensor, value);
      }
      uses.push(use);
      return use.outputs[position]!;
    }

    #use(layer: Layer, node: LayerNode, isOpened: boolean): LayerUse {
      const inputs = node.inputTensors.map((input) => this.valueOf(input));
      const order = [...this.order, layer.inboundNodes.indexOf(node)];
      return { layer, path: this.prefix + layer.name, node, inputs, outputs: [], opened: isOpened, order };
    }

    /** Removes the mask of an opened model's output: a nested model does not pass its masks out either. */
    #withoutMask(inner: Value, symbol: SymbolicTensor, { path, order, outputs }: LayerUse): Value {
      const layer = new RestoreMask({ name: `${symbol.sourceLayer.name}Output${outputs.length}` });
      const use = { layer, path, inputs: [inner], outputs: [] as Value[], opened: false, order };
      use.outputs.push({ symbol, use });
      uses.push(use);
      return use.outputs[0]!;
    }

    #open(nested: LayersModel, node: LayerNode) {
      const known = this.#nested.get(node);
      if (known) return known;
      const use = this.#use(nested as unknown as Layer, node, true);
      const scope = new Scope(nested.inputs, use.inputs, `${use.path}/`, use.order);
      uses.push(use);
      this.#nested.set(node, { scope, use });
      return { scope, use };
    }
  }

  const whole = new Scope(model.inputs, [], '', []);
  return { outputs: model.outputs.map((output) => whole.valueOf(output)), uses };
}

/** Whether `value` depends on `on`, or is the same value. */
export function valueDependsOn(value: Value, on: Value): boolean {
  const seen = new Set<Value>();
  const search = (one: Value): boolean => {
    if (one === on) return true;
    if (seen.has(one)) return false;
    seen.add(one);
    return one.use.inputs.some(search);
  };
  return search(value);
}

/** A layer somewhere in a model. */
export interface PlacedLayer {
  /** The layer. */
  readonly layer: Layer;
  /** The names of the models around it and its own, with slashes. */
  readonly path: string;
  /** The nested models around it, the outermost first. */
  readonly around: readonly Layer[];
}

/** All layers of a model and of the models nested in it; a nested model is itself one of the layers. */
export function placedLayers(model: LayersModel, around: readonly Layer[] = []): PlacedLayer[] {
  const prefix = around.map(({ name }) => `${name}/`).join('');
  return (model.layers as unknown as Layer[]).flatMap((layer) => [
    { layer, path: prefix + layer.name, around },
    ...(layer instanceof LayersModel
      ? placedLayers(layer as LayersModel, [...around, layer as unknown as Layer])
      : []),
  ]);
}

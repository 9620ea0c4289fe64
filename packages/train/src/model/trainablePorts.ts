import { logitsOf } from '@amr/attacks';
import { formatValue } from '@amr/internal';
import { type LayersModel, model as modelOf, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { TrainOptionError } from '../errors.js';
import { checkClasses, type ModelPorts, namePorts, type PortOptions } from './modelOutputs.js';

/** Inputs and outputs of a model as the trainer uses them. */
export interface TrainablePorts extends ModelPorts {
  /** The model with the logits in place of outputs that end in softmax or sigmoid; shares all weights with the model. */
  forward: LayersModel;
  /** Positions of the outputs whose ending was removed. */
  removed: number[];
  /** What the options changed, in a form that doesn't depend on automatic names; undefined for nothing. */
  chosen: string | undefined;
}

/**
 * Inputs and outputs of a model, with the values in front of a final softmax or sigmoid as logits: cross-entropy through a
 * second softmax has no gradient where the model is sure.
 * @throws {TrainOptionError} when the options don't fit the model, or an output is not a choice between classes
 */
export function trainablePorts(model: LayersModel, options: PortOptions = {}): TrainablePorts {
  const ports = namePorts(model, options);
  const { logits, auxiliary } = ports;
  const heads = auxiliary.map((name) => ports.outputs.indexOf(name));
  const found = [logits, ...heads].map((position, i) => ({
    position,
    // Heads that only their names make heads may be what another objective wants them to be.
    ...logitsAt(model, position, i > 0 && !options.auxiliary),
  }));
  const changed = found.filter(({ removed }) => removed !== '');
  const outputs = [...model.outputs];
  const own = new Set<object>([...model.layers, ...model.inputs.map(({ sourceLayer }) => sourceLayer)]);
  const taken = new Set(model.layers.map(({ name }) => name));
  for (const { position, model: part } of changed) {
    outputs[position] = part.outputs[0] as SymbolicTensor;
    // Two outputs may need a copy of the same layer, and a third the layer itself: a model wants different names.
    for (const layer of part.layers.filter((each) => !own.has(each))) {
      const name = layer.name;
      for (let i = 1; taken.has(layer.name); i++) layer.name = `${name}Logits${i === 1 ? '' : i}`;
      taken.add(layer.name);
    }
  }
  const forward = changed.length === 0 ? model : modelOf({ inputs: model.inputs, outputs });
  const classes = checkClasses(outputs[logits]!.shape);
  for (const [i, position] of heads.entries()) {
    const { shape } = outputs[position]!;
    if (!options.auxiliary || (shape.length === 2 && shape[1] === classes)) continue;
    throw new TrainOptionError(
      `AdversarialTrainer.auxiliary: got an output of shape ${formatValue(shape)} for '${auxiliary[i]}'; expected ` +
        `[batch, ${classes}], the shape of the logits.`,
    );
  }
  return {
    ...ports,
    classes,
    forward,
    removed: changed.map(({ position }) => position),
    chosen: chosenOf(model, ports, options),
  };
}

/** @param lenient whether an output that is not a choice between classes stays as it is */
function logitsAt(
  model: LayersModel,
  output: number,
  lenient: boolean,
): { model: LayersModel; removed: string } {
  try {
    return logitsOf(model, { output });
  } catch (error) {
    if (lenient) return { model, removed: '' };
    const name = model.outputs[output]!.sourceLayer.name;
    throw new TrainOptionError(
      `model: got the output '${name}', which gives several answers or can't be read as logits; expected a choice between ` +
        'classes: logits, a softmax or one sigmoid unit. Replace its activation by a softmax or leave it out.',
      { cause: error },
    );
  }
}

function chosenOf(
  model: LayersModel,
  ports: ModelPorts,
  { inputs, ...rest }: PortOptions,
): string | undefined {
  const own = model.inputs.map(({ sourceLayer }) => sourceLayer.name);
  const renamed = inputs !== undefined && `${inputs}` !== `${own}`;
  const heads = (each: ModelPorts) =>
    JSON.stringify(
      ['logits', ...[...each.auxiliary].sort()].map((name) => [name, each.outputs.indexOf(name)]),
    );
  let byDefault: string | undefined;
  try {
    byDefault = heads(namePorts(model, {}));
  } catch {
    // Without the options the model has no logits.
  }
  const picked = Object.keys(rest).length > 0 && heads(ports) !== byDefault;
  if (!renamed && !picked) return undefined;
  return JSON.stringify({ ...(renamed && { inputs }), ...(picked && { outputs: heads(ports) }) });
}

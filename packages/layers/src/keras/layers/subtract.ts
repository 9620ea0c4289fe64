import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { checkOption, type LayerConfig } from '../../options.js';
import { stockLayer } from './stockLayer.js';

/** tfjs-layers' Add, whose checks and broadcasting of different ranks serve for the difference, too. */
const StockAdd = /* @__PURE__ */ stockLayer('Add');

/**
 * The first of two inputs minus the second, [batch, ...] each, broadcast like tfjs-layers' Add. As in Keras; tfjs-layers has
 * no such layer.
 * @throws {LayerError} when it is applied to another number of inputs
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { Subtract } from '@amr/layers/keras';
 *
 * (new Subtract().apply([tf.tensor2d([[3, 4]]), tf.tensor2d([[1, 1]])]) as tf.Tensor).print(); // [[2, 3]]
 * ```
 */
export class Subtract extends StockAdd {
  /** The name that saved models know this layer by. */
  static readonly className = 'Subtract';

  constructor(config: LayerConfig = {}) {
    super(config);
  }

  override build(inputShape: Shape | Shape[]): void {
    const count = Array.isArray(inputShape[0]) ? inputShape.length : 1;
    checkOption(`${this.name}.inputs`, count, count === 2, '2, the second of which is subtracted');
    super.build(inputShape);
  }

  /** Called by the base class with inputs of equal ranks. */
  protected mergeFunction([minuend, subtrahend]: tf.Tensor[]): tf.Tensor {
    return tf.sub(minuend!, subtrahend!);
  }
}
tf.serialization.registerClass(Subtract);

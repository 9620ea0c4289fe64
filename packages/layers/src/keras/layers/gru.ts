import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, layers, Shape } from '@tensorflow/tfjs-layers';
import { stockLayer } from './stockLayer.js';

/** The fields of tfjs-layers' GRUCell that the form with the reset gate behind the product needs. */
interface StockCell {
  readonly units: number;
  readonly useBias: boolean;
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly activation: { apply(x: tf.Tensor): tf.Tensor };
  readonly recurrentActivation: { apply(x: tf.Tensor): tf.Tensor };
  readonly kernel: LayerVariable;
  readonly recurrentKernel: LayerVariable;
  readonly bias: LayerVariable | null;
  dropoutMask: tf.Tensor | tf.Tensor[] | null;
  recurrentDropoutMask: tf.Tensor | tf.Tensor[] | null;
}

type GruConfig = Parameters<typeof layers.gru>[0] & { resetAfter?: boolean };

type WeightOptions =
  Parameters<layers.Layer['addWeight']> extends [unknown, unknown, ...infer Rest] ? Rest : never;

const StockGRUCell = /* @__PURE__ */ stockLayer<StockCell>('GRUCell');
const StockGRU = /* @__PURE__ */ stockLayer<{ cell: layers.Layer & StockCell }>('GRU');

/**
 * tfjs-layers' GRUCell, with `resetAfter` as well, which tfjs 4.22 refuses and Keras has as its default since version 2: the
 * reset gate r multiplies the recurrent product and its bias, not the state before it (Cho et al. 2014, version 1; the form
 * of cuDNN):
 *   z = sigma(x W_z + h U_z + b_z + c_z), r likewise, n = tanh(x W_n + b_n + r (h U_n + c_n)), h' = z h + (1 - z) n.
 * The biases b and c are the rows of one weight, [2, 3 units].
 */
class GRUCell extends StockGRUCell {
  static readonly className = 'GRUCell';
  readonly #resetAfter: boolean;

  constructor(config: GruConfig) {
    super({ ...config, resetAfter: false });
    this.#resetAfter = config.resetAfter === true;
  }

  protected override addWeight(name: string, shape: Shape, ...rest: WeightOptions): LayerVariable {
    const rows = name === 'bias' && this.#resetAfter ? [2] : [];
    return super.addWeight(name, [...rows, ...shape], ...rest);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor | tf.Tensor[] {
    if (!this.#resetAfter) return super.call(inputs, kwargs);
    return tf.tidy(() => {
      const [x, h] = inputs as [tf.Tensor2D, tf.Tensor2D];
      const training = kwargs.training === true;
      // One mask for all steps; the layer disposes of it before the next sequence.
      if (training && this.dropout > 0) this.dropoutMask ??= keptMask(x, this.dropout);
      if (training && this.recurrentDropout > 0) {
        this.recurrentDropoutMask ??= keptMask(h, this.recurrentDropout);
      }
      const biases = this.bias ? tf.unstack(this.bias.read()) : [];
      const project = (input: tf.Tensor, mask: unknown, kernel: LayerVariable, bias?: tf.Tensor) => {
        const seen = training && mask ? tf.mul(input, mask as tf.Tensor) : input;
        const product = tf.matMul(seen as tf.Tensor2D, kernel.read() as tf.Tensor2D);
        return tf.split(bias ? tf.add(product, bias) : product, 3, 1);
      };
      const [xz, xr, xn] = project(x, this.dropoutMask, this.kernel, biases[0]);
      const [hz, hr, hn] = project(h, this.recurrentDropoutMask, this.recurrentKernel, biases[1]);
      const z = this.recurrentActivation.apply(tf.add(xz!, hz!));
      const r = this.recurrentActivation.apply(tf.add(xr!, hr!));
      const n = this.activation.apply(tf.add(xn!, tf.mul(r, hn!)));
      const next = tf.add(tf.mul(z, h), tf.mul(tf.sub(1, z), n));
      return [next, next];
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), resetAfter: this.#resetAfter };
  }
}
tf.serialization.registerClass(GRUCell);

/** tfjs-layers' GRU, with `resetAfter` as well; see {@link GRUCell}. */
class GRU extends StockGRU {
  static readonly className = 'GRU';

  constructor(config: GruConfig) {
    super({ ...config, resetAfter: false });
    if (config.resetAfter) this.cell = new GRUCell({ ...config });
  }
}
tf.serialization.registerClass(GRU);

function keptMask(like: tf.Tensor, rate: number): tf.Tensor {
  return tf.keep(tf.dropout(tf.onesLike(like), rate));
}

import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { stockLayer } from './stockLayer.js';

/** The fields of tfjs-layers' Conv1D that causal padding needs. */
interface Stock {
  readonly padding: 'valid' | 'same' | 'causal';
  readonly kernelSize: number[];
  readonly strides: number[];
  readonly dilationRate: number[];
  readonly dataFormat: string;
  readonly filters: number;
  readonly kernel: LayerVariable;
  readonly bias: LayerVariable | null;
  readonly activation: { apply(x: tf.Tensor): tf.Tensor };
}

const StockConv1D = /* @__PURE__ */ stockLayer<Stock>('Conv1D');

/** tfjs-layers' Conv1D, with padding 'causal' as well, which tfjs 4.22 refuses: output t sees no input behind t. */
class Conv1D extends StockConv1D {
  static readonly className = 'Conv1D';

  override computeOutputShape(inputShape: Shape): Shape {
    if (this.padding !== 'causal') return super.computeOutputShape(inputShape) as Shape;
    const first = this.dataFormat === 'channelsFirst';
    const length = inputShape[first ? 2 : 1];
    const outputs = length == null ? null : Math.ceil(length / this.strides[0]!);
    return first ? [inputShape[0]!, this.filters, outputs] : [inputShape[0]!, outputs, this.filters];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: object): tf.Tensor | tf.Tensor[] {
    if (this.padding !== 'causal') return super.call(inputs, kwargs);
    return tf.tidy(() => {
      const first = this.dataFormat === 'channelsFirst';
      const given = Array.isArray(inputs) ? inputs[0]! : inputs;
      const x = first ? tf.transpose(given, [0, 2, 1]) : given;
      const [dilation, stride] = [this.dilationRate[0]!, this.strides[0]!];
      const before = (this.kernelSize[0]! - 1) * dilation;
      const padded = tf.pad(x as tf.Tensor3D, [[0, 0], [before, 0], [0, 0]]); // biome-ignore format: one pair per axis
      const kernel = this.kernel.read() as tf.Tensor3D;
      const convolved = tf.conv1d(padded, kernel, stride, 'valid', 'NWC', dilation);
      const y = this.bias ? tf.add(convolved, this.bias.read()) : convolved;
      return this.activation.apply(first ? tf.transpose(y, [0, 2, 1]) : y);
    });
  }
}
tf.serialization.registerClass(Conv1D);

import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { expectTypeOf, it } from 'vitest';
import {
  AttentionModalityReweighter,
  type AttentionModalityReweighterConfig,
  ConcatFusion,
  InsertionError,
  insertAmr,
  type LayerConfig,
  LayerError,
  type LayerReference,
  rewire,
} from './index.js';

it('types the outputs of a layer by its inputs', () => {
  const inputs = {} as { symbolic: SymbolicTensor[]; real: tf.Tensor[] };
  const types = (exchange: AttentionModalityReweighter, joint: ConcatFusion) => [
    expectTypeOf(exchange.apply(inputs.symbolic)).toEqualTypeOf<SymbolicTensor[]>(),
    expectTypeOf(exchange.apply(inputs.real)).toEqualTypeOf<tf.Tensor[]>(),
    expectTypeOf(joint.apply(inputs.symbolic)).toEqualTypeOf<SymbolicTensor>(),
    expectTypeOf(joint.apply(inputs.real)).toEqualTypeOf<tf.Tensor>(),
  ];
  expectTypeOf(types).toBeFunction();
});

it('types the options', () => {
  expectTypeOf<AttentionModalityReweighterConfig>().toExtend<LayerConfig>();
  expectTypeOf(insertAmr).returns.toEqualTypeOf<LayersModel>();
  expectTypeOf<readonly LayerReference[]>().toExtend<Parameters<typeof insertAmr>[1]['at']>();
  expectTypeOf<readonly (readonly LayerReference[])[]>().toExtend<Parameters<typeof insertAmr>[1]['at']>();
  expectTypeOf(AttentionModalityReweighter).constructorParameters.toExtend<[object?]>();
  expectTypeOf(ConcatFusion)
    .instance.toHaveProperty('role')
    .toEqualTypeOf<'exchange' | 'fuse' | 'classify' | 'late'>();
  // @ts-expect-error granularity is one of two texts
  expectTypeOf<{ granularity: 'frame' }>().toExtend<AttentionModalityReweighterConfig>();
});

it('types the codes of errors, and the result of rewire', () => {
  expectTypeOf<LayerError['code']>().toBeString();
  expectTypeOf<InsertionError['code']>().toEqualTypeOf<'AMR_INSERTION'>();
  expectTypeOf(InsertionError).instance.toExtend<LayerError>();
  expectTypeOf(LayerError).instance.toExtend<Error>();
  expectTypeOf(rewire).returns.toEqualTypeOf<SymbolicTensor>();
});

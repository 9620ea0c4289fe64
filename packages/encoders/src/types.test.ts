import type { FusionLayer } from '@amr/layers';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describe, expectTypeOf, it } from 'vitest';
import {
  type Encoder,
  type FusionContext,
  importTorchWeights,
  mc3,
  multiStream,
  r2plus1d,
  r3d,
  resnet3d,
  type SkeletonLayout,
  singleStream,
  stgcn,
  stgcnpp,
  type TorchImportReport,
  type twoStream,
  x3d,
} from './index.js';

describe('types', () => {
  it('networks return encoders, and configs without required options may be left out', () => {
    expectTypeOf(stgcn).returns.toEqualTypeOf<Encoder>();
    expectTypeOf(x3d).toBeCallableWith();
    expectTypeOf(stgcn).parameter(0).toHaveProperty('frames').toEqualTypeOf<number>();
    // @ts-expect-error frames has no default
    expectTypeOf(stgcn).toBeCallableWith({});
    // ST-GCN++ trains the edges, so there is no edge importance.
    expectTypeOf(stgcnpp).parameter(0).not.toHaveProperty('edgeImportance');
    expectTypeOf<SkeletonLayout>().extract<'kinect-v1'>().toEqualTypeOf<'kinect-v1'>();
  });

  it("torchvision's networks have neither stem nor convolution", () => {
    expectTypeOf(resnet3d).parameter(0).toHaveProperty('stem');
    for (const network of [r3d, mc3, r2plus1d]) {
      expectTypeOf(network).parameter(0).not.toHaveProperty('stem');
      expectTypeOf(network).parameter(0).not.toHaveProperty('convolution');
    }
  });

  it('a fusion is a name, a layer, or a function of the context', () => {
    expectTypeOf(multiStream).returns.toEqualTypeOf<LayersModel>();
    type Fusion = NonNullable<Parameters<typeof twoStream>[0]['fusion']>;
    expectTypeOf<'amr'>().toExtend<Fusion>();
    expectTypeOf<FusionLayer>().toExtend<Fusion>();
    expectTypeOf<(context: FusionContext) => FusionLayer>().toExtend<Fusion>();
    expectTypeOf<'join'>().not.toExtend<Fusion>();
    // @ts-expect-error classes has no default
    expectTypeOf(singleStream).toBeCallableWith({} as Encoder, {});
  });

  it('an import takes bytes, and resolves to its report', () => {
    expectTypeOf(importTorchWeights).parameter(1).toEqualTypeOf<Uint8Array | ArrayBuffer | Blob>();
    expectTypeOf(importTorchWeights).returns.resolves.toEqualTypeOf<TorchImportReport>();
  });
});

import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { EncoderConfigError } from '../../errors.js';
import { ChannelConcat } from '../../layers/channelConcat.js';
import { TemporalMaxPool } from '../../layers/pooling/temporalMaxPool.js';
import type { GcnBlockPlace, GcnParts } from './gcn.js';

/** What temporal branches are made of. */
export interface TemporalBranches {
  /** Frames that the dilated convolutions see, without those they skip. */
  kernelSize: number;
  /** One convolution for each. */
  dilations: readonly number[];
  /** Channels of each branch: of those of the dilations, of the pooled one, of the pointwise one. */
  channels: readonly number[];
  /** What comes behind each branch, by its name. */
  behind?: (y: SymbolicTensor, branch: string) => SymbolicTensor;
}

/**
 * Branches side by side, of a few channels each: dilated convolutions and a maximum over 3 frames, each behind a
 * pointwise convolution with batch normalisation and a relu, and a pointwise convolution by itself; the multi-scale
 * unit of CTR-GCN and ST-GCN++.
 */
export function temporalBranches(
  x: SymbolicTensor,
  { kernelSize, dilations, channels, behind = (y) => y }: TemporalBranches,
  { part, stride }: GcnBlockPlace,
  { name, norm, relu, temporal }: GcnParts,
): SymbolicTensor {
  const reduced = (branch: string, count: number) => {
    const y = norm(temporal(x, `${part}${branch}Reduce`, count, 1, 1), `${part}${branch}ReduceNorm`);
    return relu(y, `${part}${branch}ReduceRelu`);
  };
  const [pooled, pointwise] = channels.slice(-2) as [number, number];
  const branches = dilations.map((dilation, i) => {
    const [branch, count] = [`Dilated${i + 1}`, channels[i]!];
    const y = temporal(reduced(branch, count), `${part}${branch}`, count, kernelSize, stride, dilation);
    return behind(y, `${part}${branch}`);
  });
  const pool = new TemporalMaxPool({ stride, name: name(`${part}Pooled`) });
  branches.push(behind(pool.apply(reduced('Pooled', pooled)) as SymbolicTensor, `${part}Pooled`));
  branches.push(behind(temporal(x, `${part}Pointwise`, pointwise, 1, stride), `${part}Pointwise`));
  return new ChannelConcat({ name: name(`${part}Branches`) }).apply(branches) as SymbolicTensor;
}

/**
 * Of temporal branches side by side: one for each dilation, a max pool and a pointwise convolution.
 *
 * @throws {EncoderConfigError} when there is no dilation, a dilation is not one, or a branch would have no channel
 */
export function checkBranches(network: string, width: number, dilations: readonly number[]): void {
  if (dilations.length === 0 || !dilations.every((step) => Number.isInteger(step) && step > 0)) {
    throw new EncoderConfigError(
      `${network}: got dilations [${dilations}]; expected one or more whole numbers above 0, such as [1, 2].`,
    );
  }
  const branches = dilations.length + 2;
  if (width < branches) {
    throw new EncoderConfigError(
      `${network}: got width ${width} for ${branches} temporal branches; expected ${branches} or more.`,
    );
  }
}

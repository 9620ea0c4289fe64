import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { ChannelConcat } from '../../layers/channelConcat.js';
import { TemporalMaxPool } from '../../layers/pooling/temporalMaxPool.js';
import { checkCountList, checkOption } from '../../options.js';
import type { GcnBlockPosition, GcnBuilder } from './gcn.js';

/** Sizes of the branches of {@link temporalBranches}. */
export interface TemporalBranches {
  /** Frames of a dilated convolution's kernel, without the frames between its taps. */
  kernelSize: number;
  /** Dilations; there is one convolution for each. */
  dilations: readonly number[];
  /** Channels of each branch: those of the dilations in order, then the pooled one, then the pointwise one. */
  channels: readonly number[];
  /** Layers that follow each branch, whose name is given. Default none. */
  after?: (y: SymbolicTensor, branch: string) => SymbolicTensor;
}

/**
 * Parallel temporal branches with a few channels each, the multi-scale unit of CTR-GCN and ST-GCN++: dilated convolutions
 * and a maximum over 3 frames, each after a pointwise convolution with batch normalisation and a relu, and one pointwise
 * convolution alone. Their channels are concatenated.
 */
export function temporalBranches(
  x: SymbolicTensor,
  { kernelSize, dilations, channels, after = (y) => y }: TemporalBranches,
  { part, stride }: GcnBlockPosition,
  { name, norm, relu, temporal }: GcnBuilder,
): SymbolicTensor {
  const reduced = (branch: string, count: number) => {
    const y = norm(temporal(x, `${part}${branch}Reduce`, count, 1, 1), `${part}${branch}ReduceNorm`);
    return relu(y, `${part}${branch}ReduceRelu`);
  };
  const [pooled, pointwise] = channels.slice(-2) as [number, number];
  const branches = dilations.map((dilation, i) => {
    const [branch, count] = [`Dilated${i + 1}`, channels[i]!];
    const y = temporal(reduced(branch, count), `${part}${branch}`, count, kernelSize, stride, dilation);
    return after(y, `${part}${branch}`);
  });
  const pool = new TemporalMaxPool({ stride, name: name(`${part}Pooled`) });
  branches.push(after(pool.apply(reduced('Pooled', pooled)) as SymbolicTensor, `${part}Pooled`));
  branches.push(after(temporal(x, `${part}Pointwise`, pointwise, 1, stride), `${part}Pointwise`));
  return new ChannelConcat({ name: name(`${part}Branches`) }).apply(branches) as SymbolicTensor;
}

/**
 * Checks the sizes of {@link temporalBranches}: there is a branch for each dilation, a max pool and a pointwise
 * convolution, and each of them needs a channel.
 *
 * @throws {EncoderConfigError} when a dilation is not a whole number from 1, there is none, or the width is too small
 */
export function checkBranches(network: string, width: number, dilations: readonly number[]): void {
  checkCountList(`${network}.dilations`, dilations, '[1, 2]');
  const branches = dilations.length + 2;
  const expected = `${branches} or more, a channel for each of ${branches} temporal branches`;
  checkOption(`${network}.width`, width, width >= branches, expected);
}

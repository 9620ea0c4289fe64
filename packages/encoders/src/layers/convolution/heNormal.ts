import { initializers } from '@tensorflow/tfjs-layers';

/**
 * Normal initial weights of deviation sqrt(2 / fan out) (He et al., ICCV 2015, eq. 14), as in torchvision's networks, but
 * truncated at two deviations, as tfjs does: 0.88 of the deviation remains.
 */
export function heNormal(seed: number | undefined): ReturnType<typeof initializers.varianceScaling> {
  return initializers.varianceScaling({ scale: 2, mode: 'fanOut', distribution: 'normal', seed });
}

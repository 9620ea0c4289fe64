import { initializers } from '@tensorflow/tfjs-layers';

/** Normal initial weights of variance 2 / fan out (He et al., ICCV 2015, eq. 14), as torchvision's networks start with. */
export function heNormal(seed: number | undefined): ReturnType<typeof initializers.varianceScaling> {
  return initializers.varianceScaling({ scale: 2, mode: 'fanOut', distribution: 'normal', seed });
}

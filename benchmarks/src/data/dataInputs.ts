import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeNtuLayout } from '@amr/datasets/node';

/** Generated clips, in the layout and of the size of NTU RGB+D's. */
export interface DataInputs {
  /** Folder of `.skeleton` files, one for each clip. */
  skeletons: string;
  /** Folders of `.avi` files: of all clips as they are often kept, and of `large.clips` of them as they are downloaded. */
  small: VideoFolder;
  large: VideoFolder;
}

interface VideoFolder {
  folder: string;
  /** The kind of pictures. */
  size: string;
  /** Paths of its files. */
  files: string[];
}

/** NTU RGB+D 60: 56,880 clips of more than 4 million frames. */
const FRAMES = 72;
/** NTU's videos are 136 GB: 33 kB a frame, at 30 frames in a second. */
const BITS_PER_SECOND = 33e3 * 8 * 30;

/** Writes the clips of all measurements. */
export async function writeDataInputs(
  folder: string,
  clips: number,
  largeClips: number,
): Promise<DataInputs> {
  const classes = ['drink', 'throw', 'wave', 'kick'];
  const { skeletons, videos } = await writeNtuLayout(join(folder, 'ntu'), {
    classes,
    samplesPerClass: clips / classes.length,
    frames: FRAMES,
    resolution: 64,
  });
  const names = (await readdir(videos)).filter((name) => name.endsWith('.avi')).sort();
  const enlarged = async (kind: string, size: string, count: number): Promise<VideoFolder> => {
    const own = join(folder, kind);
    await mkdir(own);
    const files: string[] = [];
    for (const name of names.slice(0, count)) {
      files.push(join(own, name));
      await enlarge(join(videos, name), join(own, name), size);
    }
    return { folder: own, size, files };
  };
  return {
    skeletons,
    small: await enlarged('small', '340x256', names.length),
    large: await enlarged('large', '1920x1080', largeClips),
  };
}

/** With noise, so that a picture takes as many bits as a camera's, and with the codec of NTU's videos. */
async function enlarge(from: string, to: string, size: string): Promise<void> {
  const [width, height] = size.split('x').map(Number) as [number, number];
  const rate = Math.round((BITS_PER_SECOND * width * height) / (1920 * 1080));
  await promisify(execFile)(process.env.FFMPEG_PATH ?? 'ffmpeg', [
    ...['-v', 'error', '-nostdin', '-i', from],
    ...['-vf', `scale=${width}:${height}:flags=bicubic,noise=alls=8:allf=t`],
    ...['-c:v', 'mpeg4', '-vtag', 'xvid', '-pix_fmt', 'yuv420p', '-b:v', String(rate), to],
  ]);
}

import { NumpyArray, numpyGlobals, PickleError, plainGlobals, readPickle } from '@amr/formats';
import { DatasetError } from '../../datasetError.js';
import { jointCount } from '../ntu/skeletonFile.js';

/** One entry of `annotations`, as far as it could be made sense of. */
export interface Annotation {
  /** `frame_dir`, or the entry's number when it has none. */
  id: string;
  /** From 0; 0 when there is a fault. */
  label: number;
  /** `[persons, frames, joints, 2 or 3]`: pixels or metres. */
  keypoint?: NumpyArray;
  /** Scores `[persons, frames, joints]` beside pixels. */
  score?: NumpyArray;
  /** Height and width of the pictures in pixels. */
  picture?: [height: number, width: number];
  /** Why it can't be used. */
  fault?: string;
}

/** What a file of PYSKL's annotations holds. */
export interface AnnotationFile {
  /** In the file's order. */
  annotations: Annotation[];
  /** Lists of ids by their names, such as `xsub_train`. */
  lists: Map<string, string[]>;
}

/** More classes than any data set has. */
const mostClasses = 100_000;

/**
 * Reads a pickle of PYSKL's annotations: a dict of `split` and `annotations`, or a list of annotations. Nothing of it is
 * executed. The arrays are views of `bytes` and aren't decoded.
 * @throws {DatasetError} with `file` when it is damaged or something else
 */
export function parseAnnotationFile(bytes: Uint8Array, file: string): AnnotationFile {
  const content = unpickle(bytes, file);
  const wrong = (expected: string) =>
    new DatasetError(`expected ${expected}; is this one of PYSKL's files?`, { file });
  const entries = content instanceof Map ? content.get('annotations') : content;
  if (!Array.isArray(entries)) throw wrong("a dict with a list 'annotations', or such a list");
  if (entries.length === 0) throw wrong("'annotations' to have at least one entry");

  const lists = new Map<string, string[]>();
  const split = (content instanceof Map ? content.get('split') : undefined) ?? new Map();
  if (!(split instanceof Map)) throw wrong("'split' to be a dict of lists");
  for (const [name, ids] of split) {
    if (typeof name !== 'string' || !Array.isArray(ids) || !ids.every((id) => typeof id === 'string')) {
      throw wrong(`'split' to have lists of names, which '${shown(name)}' isn't`);
    }
    lists.set(name, ids);
  }
  const taken = new Set<string>();
  const annotations = entries.map((entry, i) => {
    const annotation = annotationOf(entry, i);
    if (!taken.has(annotation.id)) taken.add(annotation.id);
    else {
      annotation.fault = `frame_dir '${annotation.id}' came before`;
      annotation.id = `annotations[${i}]`;
    }
    return annotation;
  });
  return { annotations, lists };
}

function unpickle(bytes: Uint8Array, file: string): unknown {
  try {
    return readPickle(bytes, { globals: new Map([...plainGlobals(), ...numpyGlobals()]) });
  } catch (cause) {
    if (!(cause instanceof PickleError)) throw cause;
    throw new DatasetError(`not a pickle that can be read: ${cause.message}`, {
      file,
      offset: cause.offset,
      cause,
    });
  }
}

/** Lists may hold themselves over and over: they aren't written out. */
const shown = (value: unknown): string =>
  typeof value === 'object' && value !== null ? 'no single value' : String(value).slice(0, 80);

function annotationOf(entry: unknown, i: number): Annotation {
  const get = (key: string) => (entry instanceof Map ? entry.get(key) : undefined);
  const [name, label] = [get('frame_dir'), get('label')];
  const hasName = typeof name === 'string' && name !== '';
  const isLabel = Number.isInteger(label) && label >= 0 && label < mostClasses;
  const [keypoint, score] = [get('keypoint'), get('keypoint_score') ?? undefined];
  const picture = get('img_shape') ?? get('original_shape') ?? undefined;
  const isArray = (value: unknown): value is NumpyArray => value instanceof NumpyArray;
  const isPicture =
    Array.isArray(picture) &&
    picture.length >= 2 &&
    picture.every((side) => typeof side === 'number' && side > 0 && side < 1e6);
  const fault = ((): string | undefined => {
    if (!(entry instanceof Map)) return 'a dict was expected';
    if (!hasName) return "it has no text 'frame_dir'";
    if (!isLabel) return `label ${shown(label)} was found, a whole number from 0 was expected`;
    if (!isArray(keypoint)) {
      return get('raw_file') === undefined
        ? "it has no array 'keypoint'"
        : `its key points are in another file, '${shown(get('raw_file'))}', as in PYSKL's table of contents of Kinetics, which isn't read`;
    }
    const { shape } = keypoint;
    const [persons = 0, frames = 0, joints = 0, coordinates = 0] = shape;
    if (shape.length !== 4 || persons * frames * joints === 0 || (coordinates !== 2 && coordinates !== 3)) {
      return `keypoint has shape [${shape}], [persons, frames, joints, 2 or 3] was expected`;
    }
    const total = get('total_frames') ?? frames;
    if (total !== frames) return `total_frames is ${shown(total)}, keypoint has ${frames} frames`;
    if (coordinates === 3) {
      return joints === jointCount
        ? undefined
        : `it has ${joints} joints in 3D, the ${jointCount} of NTU's were expected`;
    }
    if (score !== undefined && (!isArray(score) || `${score.shape}` !== `${shape.slice(0, 3)}`)) {
      return `keypoint_score is no array of shape [${shape.slice(0, 3)}]`;
    }
    return isPicture ? undefined : "it has no 'img_shape' of a height and a width, which its pixels need";
  })();
  return {
    id: hasName ? name : `annotations[${i}]`,
    label: fault === undefined ? label : 0,
    ...(isArray(keypoint) && { keypoint }),
    ...(isArray(score) && { score }),
    ...(isPicture && { picture: [picture[0], picture[1]] as [number, number] }),
    ...(fault !== undefined && { fault }),
  };
}

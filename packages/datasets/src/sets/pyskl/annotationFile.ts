import { NumpyArray, numpyGlobals, PickleError, plainGlobals, readPickle } from '@amr/formats';
import { DatasetError } from '../../datasetError.js';
import { jointCount } from '../ntu/skeletonFile.js';

/** One entry of `annotations`, as far as it is valid. */
export interface Annotation {
  /** `frame_dir`, or the entry's number when it has none. */
  id: string;
  /** Label from 0; 0 when there is a fault. */
  label: number;
  /** `[persons, frames, joints, 2 or 3]`: pixels or metres. */
  keypoint?: NumpyArray;
  /** Scores `[persons, frames, joints]` of pixels. */
  score?: NumpyArray;
  /** Height and width of the pictures in pixels. */
  picture?: [height: number, width: number];
  /** Why the entry can't be used. */
  fault?: string;
}

/** Content of a file of PYSKL's annotations. */
export interface AnnotationFile {
  /** In the file's order. */
  annotations: Annotation[];
  /** Lists of ids by their names, such as `xsub_train`. */
  lists: Map<string, string[]>;
}

/** Limit of labels, above the classes of any data set. */
const MAX_CLASSES = 100_000;

/**
 * Parses a pickle of PYSKL's annotations: a dict of `split` and `annotations`, or a list of annotations. Nothing is executed. The
 * arrays are views of `bytes` and aren't decoded.
 * @throws {DatasetError} with `file` when it is damaged or has another content
 */
export function parseAnnotationFile(bytes: Uint8Array, file: string): AnnotationFile {
  const content = unpickle(bytes, file);
  const invalid = (got: string, expected: string) =>
    new DatasetError(`got ${got}; expected ${expected}. Is this one of PYSKL's files?`, { file });
  const entries = content instanceof Map ? content.get('annotations') : content;
  if (!Array.isArray(entries)) {
    throw invalid('a pickle of another content', "a dict with a list 'annotations', or such a list");
  }
  if (entries.length === 0) throw invalid("an empty list 'annotations'", 'at least one entry');

  const lists = new Map<string, string[]>();
  const split = (content instanceof Map ? content.get('split') : undefined) ?? new Map();
  if (!(split instanceof Map)) throw invalid("another 'split'", 'a dict of lists');
  for (const [name, ids] of split) {
    if (typeof name !== 'string' || !Array.isArray(ids) || !ids.every((id) => typeof id === 'string')) {
      throw invalid(`'${shorten(name)}' in 'split'`, 'lists of names');
    }
    lists.set(name, ids);
  }
  const taken = new Set<string>();
  const annotations = entries.map((entry, i) => {
    const annotation = annotationOf(entry, i);
    if (!taken.has(annotation.id)) taken.add(annotation.id);
    else {
      annotation.fault = `frame_dir: got '${annotation.id}' again; expected unique names.`;
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
    throw new DatasetError(`got an error: ${cause.message}; expected a pickle of plain values and arrays.`, {
      file,
      offset: cause.offset,
      cause,
    });
  }
}

/** A value for an error. Lists may contain themselves, so their content is left out. */
const shorten = (value: unknown): string =>
  typeof value === 'object' && value !== null ? 'a list or dict' : String(value).slice(0, 80);

function annotationOf(entry: unknown, i: number): Annotation {
  const get = (key: string) => (entry instanceof Map ? entry.get(key) : undefined);
  const [name, label] = [get('frame_dir'), get('label')];
  const hasName = typeof name === 'string' && name !== '';
  const isLabel = Number.isInteger(label) && label >= 0 && label < MAX_CLASSES;
  const [keypoint, score] = [get('keypoint'), get('keypoint_score') ?? undefined];
  const picture = get('img_shape') ?? get('original_shape') ?? undefined;
  const isArray = (value: unknown): value is NumpyArray => value instanceof NumpyArray;
  const isPicture =
    Array.isArray(picture) &&
    picture.length >= 2 &&
    picture.every((side) => typeof side === 'number' && side > 0 && side < 1e6);
  const fault = ((): string | undefined => {
    if (!(entry instanceof Map)) return `got ${shorten(entry)}; expected a dict.`;
    if (!hasName) return `frame_dir: got ${shorten(name)}; expected a text.`;
    if (!isLabel) return `label: got ${shorten(label)}; expected a whole number from 0.`;
    if (!isArray(keypoint)) {
      return get('raw_file') === undefined
        ? `keypoint: got ${shorten(keypoint)}; expected an array.`
        : `raw_file: got '${shorten(get('raw_file'))}'; expected the key points in this file. PYSKL's files of Kinetics, whose key points are in other files, aren't supported.`;
    }
    const { shape } = keypoint;
    const [persons = 0, frames = 0, joints = 0, coordinates = 0] = shape;
    if (shape.length !== 4 || persons * frames * joints === 0 || (coordinates !== 2 && coordinates !== 3)) {
      return `keypoint: got shape [${shape.join(', ')}]; expected [persons, frames, joints, 2 or 3].`;
    }
    const total = get('total_frames') ?? frames;
    if (total !== frames) return `total_frames: got ${shorten(total)}; expected ${frames}, as in keypoint.`;
    if (coordinates === 3) {
      return joints === jointCount
        ? undefined
        : `keypoint: got ${joints} joints in 3D; expected NTU's ${jointCount}.`;
    }
    if (score !== undefined && (!isArray(score) || `${score.shape}` !== `${shape.slice(0, 3)}`)) {
      return `keypoint_score: got another value; expected an array of shape [${shape.slice(0, 3).join(', ')}].`;
    }
    return isPicture ? undefined : 'img_shape: got no picture size; expected height and width, for pixels.';
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

/** Bytes of a MAT-file of level 5 with one variable, as MATLAB would save it with `-v6`. */
export function matFile(
  name: string,
  dimensions: readonly number[],
  values: Uint16Array | Float64Array,
): Uint8Array {
  const [matClass, type] = values instanceof Uint16Array ? [11, 4] : [6, 9];
  const matrix = element(
    14,
    joined([
      element(6, new Uint8Array(Uint32Array.of(matClass, 0).buffer)),
      element(5, new Uint8Array(Int32Array.from(dimensions).buffer)),
      element(1, new TextEncoder().encode(name)),
      element(type, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
    ]),
  );
  const header = new Uint8Array(128).fill(32);
  header.set([0, 1, 0x49, 0x4d], 124);
  return joined([header, matrix]);
}

function element(type: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + Math.ceil(data.length / 8) * 8);
  bytes.set(new Uint8Array(Uint32Array.of(type, data.length).buffer));
  bytes.set(data, 8);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A small performance of `frames` frames: depth maps of 12 x 16, joints that move by 0.1 m a frame, `2 * frames` moments. */
export function performanceFiles(id: string, frames = 5): { [name: string]: Uint8Array } {
  const depth = new Uint16Array(12 * 16 * frames);
  // Columns 5 to 8, rows 2 to 9, 10 mm further each frame.
  for (let t = 0; t < frames; t++) {
    for (let x = 5; x <= 8; x++) depth.fill(2000 + 10 * t, (t * 16 + x) * 12 + 2, (t * 16 + x) * 12 + 10);
  }
  const joints = Float64Array.from({ length: 60 * frames }, (_, i) => {
    const [joint, axis, frame] = [i % 20, Math.floor(i / 20) % 3, Math.floor(i / 60)];
    return [joint / 100 + frame / 10, 0, 2.8][axis]!;
  });
  const inertial = Float64Array.from({ length: 12 * frames }, (_, i) => i);
  return {
    [`Depth/${id}_depth.mat`]: matFile('d_depth', [12, 16, frames], depth),
    [`Skeleton/${id}_skeleton.mat`]: matFile('d_skel', [20, 3, frames], joints),
    [`Inertial/${id}_inertial.mat`]: matFile('d_iner', [2 * frames, 6], inertial),
  };
}

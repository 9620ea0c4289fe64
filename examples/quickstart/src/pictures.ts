import { encode } from 'fast-png';

/** A clip before and after an attack, as plain numbers, which a worker can send. */
export interface ClipPair {
  readonly id: string;
  readonly truth: string;
  readonly cleanPrediction: string;
  readonly attackedPrediction: string;
  readonly video: { clean: number[]; attacked: number[]; shape: readonly number[]; epsilon: number };
  readonly skeleton: { clean: number[]; attacked: number[]; shape: readonly number[]; epsilon: number };
}

const COLUMNS = 6;
const SIZE = 96;
const GAP = 6;
const LABEL = 112;

/**
 * One clip as a figure: rows for the clean frames, the attacked ones, and the perturbation, with epsilon enlarged to the
 * full range of grey; then the clean skeleton (grey) under the attacked one, and again with the joints' shift enlarged.
 */
export function clipFigure(pair: ClipPair, bones: readonly (readonly [number, number])[]): string {
  const { video, skeleton } = pair;
  const [frames = 0, height = 0, width = 0, channels = 0] = video.shape;
  const [, times = 0] = skeleton.shape;
  const enlarge = Math.max(1, Math.round(0.1 / skeleton.epsilon));
  const rows = ['frame', 'attacked', 'difference', 'skeleton', `joint shift ×${enlarge}`];
  const parts: string[] = [];
  rows.forEach((row, r) => {
    parts.push(`<text x="0" y="${r * (SIZE + GAP) + SIZE / 2}" class="row">${row}</text>`);
  });
  for (let column = 0; column < COLUMNS; column++) {
    const at = (count: number) => Math.round((column * (count - 1)) / (COLUMNS - 1));
    const x = LABEL + column * (SIZE + GAP);
    const length = height * width * channels;
    const offset = at(frames) * length;
    const clean = video.clean.slice(offset, offset + length);
    const attacked = video.attacked.slice(offset, offset + length);
    const difference = clean.map((value, i) => 0.5 + (attacked[i]! - value) / (2 * video.epsilon));
    [clean, attacked, difference].forEach((pixels, row) => {
      const uri = pngUri(pixels, height, width, channels);
      parts.push(
        `<image x="${x}" y="${row * (SIZE + GAP)}" width="${SIZE}" height="${SIZE}" href="${uri}" style="image-rendering:pixelated"/>`,
      );
    });
    const [before, after] = [
      poses(skeleton.clean, skeleton.shape, at(times)),
      poses(skeleton.attacked, skeleton.shape, at(times)),
    ];
    const place = fit(skeleton.clean, skeleton.shape);
    const draw = (body: Joint[], css: string, row: number) =>
      bones
        .map(([a, b]) => {
          const [p, q] = [place(body[a]!), place(body[b]!)];
          return `<line x1="${x + p[0]}" y1="${row * (SIZE + GAP) + p[1]}" x2="${x + q[0]}" y2="${row * (SIZE + GAP) + q[1]}" class="${css}"/>`;
        })
        .join('');
    before.forEach((body, b) => {
      if (body.every((joint) => joint.every((value) => value === 0))) return;
      const shifted = body.map((joint, j) =>
        joint.map((value, c) => value + enlarge * (after[b]![j]![c]! - value)),
      ) as Joint[];
      parts.push(draw(body, 'bone clean', 3), draw(after[b]!, 'bone attacked', 3));
      parts.push(draw(body, 'bone clean', 4), draw(shifted, 'bone attacked', 4));
    });
  }
  const w = LABEL + COLUMNS * (SIZE + GAP);
  const h = rows.length * (SIZE + GAP);
  return `<svg viewBox="0 0 ${w} ${h}" role="img" style="width:100%;max-width:${w}px" class="clip">
<style>.clip .row{font:12px system-ui,sans-serif;fill:currentColor}.clip .bone{stroke-width:2;stroke-linecap:round}.clip .clean{stroke:#9aa0a6}.clip .attacked{stroke:#d1495b}</style>
${parts.join('\n')}</svg>`;
}

type Joint = [number, number, number];

function poses(values: number[], shape: readonly number[], time: number): Joint[][] {
  const [persons = 0, times = 0, joints = 0] = shape;
  return Array.from({ length: persons }, (_, person) =>
    Array.from({ length: joints }, (_, joint) => {
      const start = ((person * times + time) * joints + joint) * 3;
      return values.slice(start, start + 3) as Joint;
    }),
  );
}

/** Maps metres (y up) to a square of SIZE so that the whole clip of all present bodies fits. */
function fit(values: number[], shape: readonly number[]): (joint: Joint) => [number, number] {
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < values.length; i += shape.at(-1)!) {
    const [x, y, z] = [values[i]!, values[i + 1]!, values[i + 2]!];
    if (x === 0 && y === 0 && z === 0) continue;
    left = Math.min(left, x);
    right = Math.max(right, x);
    bottom = Math.min(bottom, y);
    top = Math.max(top, y);
  }
  const scale = (SIZE * 0.86) / Math.max(right - left, top - bottom, 1e-6);
  const [cx, cy] = [(left + right) / 2, (bottom + top) / 2];
  return ([x, y]) => [SIZE / 2 + (x - cx) * scale, SIZE / 2 - (y - cy) * scale];
}

function pngUri(pixels: readonly number[], height: number, width: number, channels: number): string {
  const data = Uint8Array.from(pixels, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  const png = encode({ width, height, data, channels: channels as 1 | 3, depth: 8 });
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}

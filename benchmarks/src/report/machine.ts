import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

/** What the benchmark runs on: the machine, and the versions of what computes in Node. */
export function machine(): { [what: string]: string } {
  return {
    CPU: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} cores`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    Node: process.versions.node,
    tfjs: versionOf('@tensorflow/tfjs-core', import.meta.url) ?? 'unknown',
    ...onnxruntime(),
  };
}

/** Resolved from the package that uses it. */
function onnxruntime(): { [what: string]: string } {
  const backend = fileURLToPath(new URL('../../packages/backend/package.json', import.meta.url));
  const version = versionOf('onnxruntime-node', backend);
  return version ? { onnxruntime: version } : {};
}

function versionOf(name: string, from: string): string | undefined {
  try {
    return JSON.parse(readFileSync(createRequire(from).resolve(`${name}/package.json`), 'utf8')).version;
  } catch {
    return undefined;
  }
}

import { readJson } from '@amr/example-jobs';
import { writeAtomically } from '@amr/internal/node';
import { mergeReports, ReportError, RobustnessReport, type RobustnessReportJson } from '@amr/train';
import { type EvaluateJob, evaluateJobs } from '../run/plan.js';
import { mergedOf, partOf, type RunRecord } from '../run/runFolder.js';

/**
 * Merges the parts of each evaluation into one file, equal to that of an evaluation by one machine.
 * @param clips clips of the test part
 * @returns number of merged evaluations
 * @throws when parts are missing, or belong to different evaluations
 */
export async function merge(run: RunRecord, out: string, clips: number): Promise<number> {
  const evaluations = new Map<string, EvaluateJob[]>();
  for (const job of evaluateJobs(run.settings, clips)) {
    const file = mergedOf(out, job.network, job.seed, job.suite);
    evaluations.set(file, [...(evaluations.get(file) ?? []), job]);
  }
  const found = [...evaluations].map(([file, jobs]) => ({
    file,
    parts: jobs.map((job) => ({ job, json: readJson<RobustnessReportJson>(partOf(out, job)) })),
  }));
  const missing = found.flatMap(({ parts }) => parts.flatMap(({ job, json }) => (json ? [] : [job.id])));
  if (missing.length > 0) {
    throw new Error(
      `merge: got ${missing.length} parts without a result, such as '${missing[0]}'; expected all of them. Run 'evaluate' with the same options, and with each --shard if it is divided.`,
    );
  }
  for (const { file, parts } of found) {
    const reports = parts.map(({ job, json }) => readPart(job, json!, partOf(out, job)));
    await writeAtomically(file, `${JSON.stringify(joined(reports, file).toJSON())}\n`);
  }
  return found.length;
}

function joined(parts: readonly RobustnessReport[], file: string): RobustnessReport {
  try {
    return mergeReports(parts);
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    throw new Error(
      `${file}: got parts that can't be merged. ${error.message} Delete the parts and run 'evaluate' again.`,
    );
  }
}

function readPart(
  { id, part, seed }: EvaluateJob,
  json: RobustnessReportJson,
  file: string,
): RobustnessReport {
  const refuse = (reason: string): never => {
    throw new Error(`${file}: ${reason} Delete it and run 'evaluate' again.`);
  };
  try {
    const report = RobustnessReport.fromJSON(json);
    const { shards, config } = report.data;
    const [held] = shards;
    if (held!.index !== part.index || held!.count !== part.count || config.seed !== seed) {
      return refuse(
        `got part ${held!.index + 1} of ${held!.count} with seed ${config.seed}; expected '${id}'.`,
      );
    }
    return report;
  } catch (error) {
    if (error instanceof ReportError) return refuse(error.message);
    throw error;
  }
}

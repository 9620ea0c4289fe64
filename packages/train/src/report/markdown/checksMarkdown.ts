import type { CheckSummary } from '../figures/checkSummary.js';
import { checkLabel } from '../format/checkText.js';

/** The findings as a Markdown list, warnings first; checks that passed are only named. */
export function checksMarkdown({ warnings, inconclusive, passed }: CheckSummary): string {
  return [
    ...warnings.map((finding) => `- **Warning, ${checkLabel(finding)}:** ${finding.message}`),
    ...inconclusive.map((finding) => `- Inconclusive, ${checkLabel(finding)}: ${finding.message}`),
    ...(passed.length > 0 ? [`- Passed: ${passed.map(checkLabel).join(', ')}.`] : []),
  ].join('\n');
}

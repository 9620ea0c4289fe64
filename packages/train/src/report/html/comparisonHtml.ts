import type { ComparisonFigure, ComparisonOptions } from '../data/comparisonOptions.js';
import type { CheckSummary, SummarisedFinding } from '../figures/checkSummary.js';
import type { ComparedAttack, Comparison } from '../figures/comparison.js';
import { checkLabel, warningCount } from '../format/checkText.js';
import { cellText, columnsOf } from '../format/comparisonColumns.js';
import { explanation } from '../format/explanation.js';
import { percent, signed } from '../format/numbers.js';
import { colorOf, Plots } from '../plots/plots.js';
import { comparisonCss } from './comparisonCss.js';
import { escapeHtml as e } from './escapeHtml.js';

/** The comparison as one HTML page without scripts and without anything to load from a network. */
export async function comparisonHtml(comparison: Comparison): Promise<string> {
  const { title = 'Robustness comparison', figures = [], settings = {}, notes = [] } = comparison.options;
  const plots = await Plots.of(comparison);
  const { samples, classes } = comparison.config;
  const sections = [
    warningBox(comparison),
    summary(comparison),
    ...comparison.attacks.map((compared) => tableSection(comparison, compared)),
    checkSection(comparison),
    accuracySection(comparison, plots),
    curveSection(comparison, plots),
    weightSection(comparison, plots),
    figureSection(figures),
    section('How to read this', `<ul class="prose">${explanation(comparison).map(item).join('')}</ul>`),
    notes.length > 0 ? section('Notes', `<ul class="prose">${notes.map(item).join('')}</ul>`) : '',
    settingsSection(settings),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${e(title)}</title>
<style>${comparisonCss}</style>
</head>
<body>
<main>
<header>
<h1>${e(title)}</h1>
<p class="lead">${comparison.models.length} ${comparison.models.length === 1 ? 'model' : 'models'}, ${samples} test samples, ${classes.length} classes; attacked with ${e(listed(comparison.config.attacks))}.</p>
</header>
${sections.filter(Boolean).join('\n')}
</main>
</body>
</html>
`;
}

const section = (heading: string, content: string) => `<section><h2>${e(heading)}</h2>${content}</section>`;
const item = (text: string) => `<li>${e(text)}</li>`;
const listed = (names: readonly string[]) =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** The warnings of all models, above the figures that they make doubtful. */
function warningBox(comparison: Comparison): string {
  const warnings = comparison.models.flatMap((model) => [
    ...(comparison.checks[model]?.warnings ?? []).map(
      (finding) =>
        `<li class="warning"><b>${e(model)}, ${e(checkLabel(finding))}</b> ${e(finding.message)}</li>`,
    ),
    ...(comparison.skipped[model] ?? []).map(
      (sentence) => `<li class="warning"><b>${e(model)}</b> ${e(sentence)}</li>`,
    ),
  ]);
  if (warnings.length === 0) return '';
  return `<section class="warnings"><h2>Warnings</h2><ul class="findings">${warnings.join('')}</ul></section>`;
}

/** A card for each model with its average accuracy under the strongest attack. */
function summary(comparison: Comparison): string {
  const strongest = strongestOf(comparison);
  const cards = strongest.models.map((model) => {
    const { average, clean, improvement } = model;
    const gain = improvement
      ? `<dt>RI</dt><dd class="${improvement.best ? 'gain' : ''}">${signed(improvement.value)} points</dd>`
      : '';
    return `<article class="card" style="--color:${colorOf(model.name, comparison)}">
<h3>${e(model.name)}</h3>
<p class="big">${percent(average.value)}<span> %</span></p>
<p class="sub">average robust accuracy under ${e(strongest.attack)}</p>
<dl><dt>clean</dt><dd>${percent(clean.value)} %</dd>${gain}</dl>${flagOf(comparison.checks[model.name])}
</article>`;
  });
  return `<section class="cards">${cards.join('')}</section>`;
}

/** The attack under which the models' average robust accuracies have the smallest sum. */
function strongestOf({ attacks }: Comparison): ComparedAttack {
  const robust = ({ models }: ComparedAttack) => models.reduce((sum, { average }) => sum + average.value, 0);
  return attacks.reduce((strongest, compared) =>
    robust(compared) < robust(strongest) ? compared : strongest,
  );
}

function tableSection(comparison: Comparison, compared: ComparedAttack): string {
  const columns = columnsOf(comparison, compared);
  const units = { clean: '%', condition: '%', average: '%', improvement: 'points', balance: 'points' };
  const head = columns.map(
    ({ head: text, kind }) => `<th scope="col" class="${kind}">${e(text)}<small>${units[kind]}</small></th>`,
  );
  const rows = compared.models.map((model) => {
    const cells = columns.map((column) => {
      const { value, range, best } = cellText(column, model);
      const mark = best ? (column.kind === 'improvement' ? ' gain' : ' best') : '';
      return `<td class="${column.kind}${mark}"><b>${value}</b>${range && `<small>${range}</small>`}</td>`;
    });
    const seeds = model.seeds > 1 ? `<small>${model.seeds} seeds</small>` : '';
    return `<tr><th scope="row"><span class="named">${swatch(colorOf(model.name, comparison))}<span>${e(model.name)}${seeds}</span></span></th>${cells.join('')}</tr>`;
  });
  return section(
    `Under ${compared.attack}`,
    `<div class="scroll"><table><thead><tr><th scope="col">model</th>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`,
  );
}

/** Marks a card whose figure is in doubt, since its checks warned. */
function flagOf(checks: CheckSummary | undefined): string {
  const count = checks?.warnings.length ?? 0;
  return count > 0 ? `<p class="flag">${warningCount(count)} from the checks</p>` : '';
}

function checkSection(comparison: Comparison): string {
  const summaries = Object.entries(comparison.checks);
  if (summaries.length === 0) return '';
  const listed = (findings: readonly SummarisedFinding[], kind: string) =>
    findings.map(
      (finding) => `<li class="${kind}"><b>${e(checkLabel(finding))}</b> ${e(finding.message)}</li>`,
    );
  const models = summaries.map(([model, summary]) => {
    const { subject, warnings, inconclusive, passed } = summary;
    const open = [...listed(warnings, 'warning'), ...listed(inconclusive, 'inconclusive')];
    const rest = `<details><summary>${passed.length} passed</summary><ul class="findings">${listed(passed, 'passed').join('')}</ul></details>`;
    return `<h3 class="named">${swatch(colorOf(model, comparison))}<span>${e(model)}</span></h3>
<p class="sub">${e(subject)}</p>
${open.length > 0 ? `<ul class="findings">${open.join('')}</ul>` : ''}${passed.length > 0 ? rest : ''}`;
  });
  return section(
    'Checks of the evaluation',
    `<p class="prose">Signs that an attack fails although the model isn't robust: a warning means that the accuracies under attack may be too high. No warning is no proof.</p>${models.join('')}`,
  );
}

function accuracySection(comparison: Comparison, plots: Plots): string {
  const panels = comparison.attacks.map(
    ({ attack }, i) => `<figure><h3>${e(attack)}</h3>${plots.accuracies(i)}</figure>`,
  );
  return section(
    'Accuracies and their ranges',
    `${legend(comparison)}<div class="grid two">${panels.join('')}</div>`,
  );
}

function curveSection(comparison: Comparison, plots: Plots): string {
  const curves = plots.curves();
  if (curves.length === 0) return '';
  const attack = Object.values(comparison.options.curves!)[0]!.attack;
  const panels = curves.map(
    ({ title, caption, svg }) =>
      `<figure><h3>${e(title)}</h3>${svg}<figcaption>${e(caption)}</figcaption></figure>`,
  );
  return section(
    'Robust accuracy against the size of the perturbation',
    `<p class="prose">Accuracy in % under ${e(attack)} at multiples of the budget, with 95 % intervals. A sample fooled at a smaller budget counts as fooled at a larger one, so a point may lie slightly below the tables.</p>
${legend(comparison)}<div class="grid">${panels.join('')}</div>`,
  );
}

function weightSection(comparison: Comparison, plots: Plots): string {
  const weights = Object.entries(comparison.modalityWeights);
  if (weights.length === 0) return '';
  const { attack } = strongestOf(comparison);
  const names = Object.keys(weights[0]![1].clean);
  const modalities = names
    .map((name, i) => `<span>${swatch(`var(--modality-${i % 4})`)}${e(name)}</span>`)
    .join('');
  const panels = weights.map(
    ([model, means]) => `<figure><h3>${e(model)}</h3>${plots.weights(means, attack)}</figure>`,
  );
  return section(
    'Modality weights',
    `<p class="prose">Mean weight that a model gives each modality on clean samples and on the same samples under ${e(attack)}; the bars lead from the clean value to the attacked one. Only samples that are right without an attack are in the means.</p>
<p class="legend">${modalities}</p><div class="grid narrow">${panels.join('')}</div>`,
  );
}

function figureSection(figures: readonly ComparisonFigure[]): string {
  if (figures.length === 0) return '';
  const panels = figures.map(
    ({ title, caption, svg, html }) =>
      `<figure><h3>${e(title)}</h3><div class="picture">${svg ?? html ?? ''}</div>${caption ? `<figcaption>${e(caption)}</figcaption>` : ''}</figure>`,
  );
  return section('Samples', `<div class="grid pictures">${panels.join('')}</div>`);
}

function settingsSection(settings: NonNullable<ComparisonOptions['settings']>): string {
  const rows = Object.entries(settings).map(([name, value]) => `<dt>${e(name)}</dt><dd>${e(value)}</dd>`);
  return rows.length > 0 ? section('Settings', `<dl class="settings">${rows.join('')}</dl>`) : '';
}

const swatch = (color: string) => `<i class="swatch" style="--color:${color}"></i>`;

function legend(comparison: Comparison): string {
  const entries = comparison.models.map(
    (name) => `<span>${swatch(colorOf(name, comparison))}${e(name)}</span>`,
  );
  return `<p class="legend">${entries.join('')}</p>`;
}

import type * as PlotModule from '@observablehq/plot';
import type { MeanModalityWeights } from '../data/reportData.js';
import type { Comparison } from '../figures/comparison.js';
import { cellText, columnsOf, conditionLabel } from '../format/comparisonColumns.js';
import { epsilonText } from '../format/threatModelText.js';

/** Draws the plots of a comparison as SVG source. Colors are the page's custom properties, so that the plots follow its theme. */
export class Plots {
  readonly #plot: typeof PlotModule;
  readonly #document: Document;
  readonly #comparison: Comparison;

  private constructor(plot: typeof PlotModule, document: Document, comparison: Comparison) {
    this.#plot = plot;
    this.#document = document;
    this.#comparison = comparison;
  }

  /** Loads the plotting library, and a document where the environment has none (Node). */
  static async of(comparison: Comparison): Promise<Plots> {
    const plot = await import('@observablehq/plot');
    const own = (globalThis as { document?: Document }).document;
    const document = own ?? (await import('linkedom')).parseHTML('<!doctype html><html></html>').document;
    return new Plots(plot, document as unknown as Document, comparison);
  }

  /** Accuracies of the models under one attack with their ranges, a row for each column of the table. */
  accuracies(attackIndex: number): string {
    const compared = this.#comparison.attacks[attackIndex]!;
    const columns = columnsOf(this.#comparison, compared).filter(({ kind }) =>
      ['clean', 'condition', 'average'].includes(kind),
    );
    const lanes = compared.models.length;
    const data = columns.flatMap((column) =>
      compared.models.map((model, i) => {
        const figure = column.figure(model)!;
        return {
          column: column.head,
          lane: i,
          model: model.name,
          value: 100 * figure.value,
          low: 100 * (figure.range?.[0] ?? figure.value),
          high: 100 * (figure.range?.[1] ?? figure.value),
          title: `${model.name}, ${column.head}: ${cellText(column, model).value} %`,
        };
      }),
    );
    const Plot = this.#plot;
    return this.#svg({
      width: 480,
      height: 40 + columns.length * Math.max(34, 15 * lanes + 8),
      marginLeft: 100,
      marginRight: 16,
      marginBottom: 36,
      marginTop: 6,
      x: { domain: [0, 100], label: 'accuracy in %', labelAnchor: 'center', labelArrow: 'none', ticks: 5 },
      y: { domain: [lanes - 0.3, -0.7], axis: null },
      fy: { domain: columns.map(({ head }) => head), label: null, padding: 0.08, axis: 'left' },
      color: this.#modelColors(),
      marks: [
        Plot.gridX({ ticks: 5, stroke: 'var(--grid)', strokeOpacity: 1 }),
        Plot.ruleY(data, {
          x1: 'low',
          x2: 'high',
          y: 'lane',
          fy: 'column',
          stroke: 'model',
          strokeWidth: 2,
          strokeOpacity: 0.45,
        }),
        Plot.dot(data, { x: 'value', y: 'lane', fy: 'column', fill: 'model', r: 4.5, title: 'title' }),
      ],
    });
  }

  /** Robust accuracy against the size of the perturbation: one plot for each condition. */
  curves(): { title: string; caption: string; svg: string }[] {
    const { curves } = this.#comparison.options;
    const named = Object.entries(curves ?? {});
    const [first] = named;
    if (!first) return [];
    return first[1].conditions.map(({ name, modalities, budgets }) => {
      const data = named.flatMap(([model, curve]) =>
        (curve.conditions.find((condition) => condition.name === name)?.points ?? []).map((point) => ({
          model,
          scale: point.scale,
          value: 100 * point.accuracy,
          low: 100 * point.interval[0],
          high: 100 * point.interval[1],
        })),
      );
      const scales = [...new Set(data.map(({ scale }) => scale))].sort((a, b) => a - b);
      const limits = Object.entries(budgets).map(
        ([modality, budget]) => `${modality} ${epsilonText(budget)}`,
      );
      return {
        title: conditionLabel(name, modalities),
        caption: `1× is ${limits.join(', ')}`,
        svg: this.#curve(data, scales),
      };
    });
  }

  #curve(
    data: readonly { model: string; scale: number; value: number; low: number; high: number }[],
    scales: number[],
  ): string {
    const Plot = this.#plot;
    return this.#svg({
      width: 340,
      height: 250,
      marginLeft: 40,
      marginRight: 14,
      marginTop: 18,
      marginBottom: 40,
      x: {
        label: 'perturbation, multiple of the budget',
        labelAnchor: 'center',
        labelArrow: 'none',
        ticks: spacedTicks(scales),
        tickFormat: (scale: number) => `${Number(scale.toPrecision(3))}×`,
      },
      y: { domain: [0, 100], label: null, ticks: 5 },
      color: this.#modelColors(),
      marks: [
        Plot.gridY({ ticks: 5, stroke: 'var(--grid)', strokeOpacity: 1 }),
        Plot.ruleX([1], { stroke: 'var(--muted)', strokeDasharray: '3 3' }),
        Plot.text([1], { x: 1, frameAnchor: 'top', dy: -12, text: () => 'budget', fill: 'var(--muted)' }),
        Plot.areaY(data, { x: 'scale', y1: 'low', y2: 'high', fill: 'model', z: 'model', fillOpacity: 0.13 }),
        Plot.lineY(data, { x: 'scale', y: 'value', stroke: 'model', strokeWidth: 2 }),
        Plot.dot(data, {
          x: 'scale',
          y: 'value',
          fill: 'model',
          r: 3,
          title: ({ model, scale, value }: { model: string; scale: number; value: number }) =>
            `${model}, ${scale}×: ${value.toFixed(1)} %`,
        }),
      ],
    });
  }

  /** A model's mean modality weights on clean and on attacked samples. */
  weights(weights: MeanModalityWeights, attack: string): string {
    const { conditions } = this.#comparison.config;
    const states = [
      { state: 'clean', values: weights.clean },
      ...conditions.map(({ name, modalities }) => ({
        state: `${conditionLabel(name, modalities)}`,
        values: weights.attacked[name]?.[attack] ?? {},
      })),
    ];
    const names = Object.keys(weights.clean);
    const data = states.flatMap(({ state, values }) =>
      names
        .filter((modality) => values[modality] !== undefined)
        .map((modality) => ({ state, modality, value: values[modality]!, clean: weights.clean[modality]! })),
    );
    const highest = Math.max(...data.map(({ value }) => value));
    const Plot = this.#plot;
    return this.#svg({
      width: 340,
      height: 50 + states.length * (16 + 8 * names.length),
      marginLeft: 92,
      marginRight: 16,
      marginTop: 6,
      marginBottom: 38,
      x: {
        domain: [0, Math.max(1, highest)],
        label: 'mean weight',
        labelAnchor: 'center',
        labelArrow: 'none',
        ticks: 5,
      },
      y: { domain: states.map(({ state }) => state), label: null, tickSize: 0 },
      color: { domain: names, range: names.map((_, i) => `var(--modality-${i % 4})`) },
      marks: [
        Plot.gridX({ ticks: 5, stroke: 'var(--grid)', strokeOpacity: 1 }),
        // A lane for each modality within a state, so that lines that cross stay apart.
        ...names.flatMap((name, i) => {
          const own = data.filter(({ modality }) => modality === name);
          const dy = 7 * (i - (names.length - 1) / 2);
          return [
            Plot.ruleY(own, {
              x1: 'clean',
              x2: 'value',
              y: 'state',
              stroke: 'modality',
              strokeWidth: 2,
              strokeOpacity: 0.5,
              dy,
            }),
            Plot.dot(own, {
              x: 'value',
              y: 'state',
              fill: 'modality',
              r: 4.5,
              dy,
              title: ({ modality, state, value }: { modality: string; state: string; value: number }) =>
                `${modality}, ${state}: ${value.toFixed(3)}`,
            }),
          ];
        }),
      ],
    });
  }

  #modelColors() {
    const { models } = this.#comparison;
    return { domain: models, range: models.map((name) => colorOf(name, this.#comparison)) };
  }

  #svg(options: PlotModule.PlotOptions): string {
    const plot = this.#plot.plot({
      ...options,
      document: this.#document,
      style: { background: 'none', fontSize: '12px' },
    });
    // The page's style sheet sets the size; the view box keeps the proportions.
    plot.removeAttribute('width');
    plot.removeAttribute('height');
    return plot.outerHTML;
  }
}

/** The page's color of a model: grey for the baseline, the other models in order. */
export function colorOf(model: string, { models, options }: Comparison): string {
  if (model === options.baseline) return 'var(--baseline)';
  const others = models.filter((name) => name !== options.baseline);
  return `var(--model-${others.indexOf(model) % 6})`;
}

/** Skips ticks whose labels would overlap; the first, the budget and the last are kept. */
function spacedTicks(scales: readonly number[]): number[] {
  const span = (scales.at(-1) ?? 1) - (scales[0] ?? 0) || 1;
  const kept: number[] = [];
  const wanted = [scales[0]!, 1, scales.at(-1)!, ...scales].filter((scale) => scales.includes(scale));
  for (const scale of wanted) {
    if (kept.every((other) => other !== scale && Math.abs(other - scale) / span >= 0.15)) kept.push(scale);
  }
  return kept.sort((a, b) => a - b);
}

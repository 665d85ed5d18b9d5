// One chart with its heading, explanation and legend. What it shows comes from its `draw`.

import { h, svg } from './dom.js';
import { FONT, startChart } from './echarts.js';
import { color } from './theme.js';

/** A short piece of the line that a legend entry stands for: colour is never the only sign. */
function swatch(series) {
  const stroke = `var(--${series.color})`;
  const children = series.area
    ? [svg('rect', { x: 0, y: 1, width: 18, height: 8, rx: 1, style: { fill: stroke, opacity: series.solid ? 1 : 0.4 } }),
       !series.solid && svg('path', { d: 'M0 1H18', style: { stroke, 'stroke-width': 2 } })]
    : [svg('path', { d: 'M0 5H18', style: { stroke, 'stroke-width': series.width ?? 2,
        'stroke-dasharray': { dashed: '5 3', dotted: '2 2' }[series.dash] ?? 'none' } })];
  return svg('svg', { class: 'swatch', viewBox: '0 0 18 10', width: 18, height: 10, 'aria-hidden': 'true' }, children);
}

export class Plot {
  /**
   * `series`: {key, label, color, dash, width, area, solid, idle}, `idle` being what the legend says
   * while nothing is pointed at. `label`: what a screen reader says of the chart.
   */
  constructor({ title, note, series = [], height, label, extra }) {
    this.series = series;
    this.hidden = new Set();
    this.values = new Map();
    this.canvas = h('div', { class: 'canvas', role: 'img', 'aria-label': label, style: { height: height + 'px' } });
    this.cursor = h('div', { class: 'cursor', hidden: true });
    this.area = h('div', { class: 'plot' }, this.canvas, this.cursor);
    this.legend = h('div', { class: 'legend' }, series.map((one) => this.entry(one)), extra);
    this.element = h('figure', { class: 'chart' },
      h('figcaption', {}, h('h4', {}, title), h('p', { class: 'note' }, note)),
      this.legend, this.area);
    this.chart = null;
  }

  entry(series) {
    const value = h('span', { class: 'value' }, series.idle ?? '');
    this.values.set(series.key, value);
    if (this.series.length < 2) return h('span', { class: 'key' }, swatch(series), h('span', {}, series.label), value);
    const button = h('button', { type: 'button', class: 'key', 'aria-pressed': 'true', title: 'Show or hide',
      onclick: () => {
        if (!this.hidden.delete(series.key)) this.hidden.add(series.key);
        button.setAttribute('aria-pressed', String(!this.hidden.has(series.key)));
        this.redraw();
      } }, swatch(series), h('span', {}, series.label), value);
    return button;
  }

  /** Says values in the legend: by series key, or the idle ones. */
  say(values) {
    for (const series of this.series) {
      this.values.get(series.key).textContent = (values ? values[series.key] : series.idle) ?? '';
    }
  }

  get width() {
    return this.area.clientWidth;
  }

  get isNarrow() {
    return this.width < 560;
  }

  /** The space around the drawing; the same for all plots, so that their axes stand in line. */
  get margins() {
    return this.isNarrow ? { left: 48, right: 10 } : { left: 60, right: 56 };
  }

  redraw() {
    if (!this.area.isConnected || this.width === 0) return;
    this.chart ??= startChart(this.canvas);
    if (this.chart.getWidth() !== this.width || this.chart.getHeight() !== this.canvas.clientHeight) {
      this.chart.resize({ width: this.width, height: this.canvas.clientHeight });
    }
    this.chart.setOption(this.option(), { notMerge: true, lazyUpdate: false });
  }

  /** What all charts have in common. */
  frame({ x, y, top = 22, bottom = 24 }) {
    const line = color('line');
    const text = { color: color('muted'), fontSize: 11, fontFamily: FONT };
    const axis = (a, extra) => ({
      type: 'value', min: a.min, max: a.max,
      axisTick: { show: false, customValues: a.ticks },
      axisLabel: { ...text, customValues: a.ticks, formatter: a.format, hideOverlap: true, ...extra },
      splitLine: { show: a.grid ?? true, lineStyle: { color: line, width: 1 } },
      axisLine: { show: false, onZero: false },
    });
    return {
      animation: false,
      textStyle: { fontFamily: FONT },
      grid: { ...this.margins, top, bottom, outerBoundsMode: 'none' },
      // On a phone the last label has no room beside its tick.
      xAxis: { ...axis(x, { margin: 8, alignMaxLabel: this.isNarrow ? 'right' : undefined }), axisLine: { show: true, onZero: false, lineStyle: { color: color('axis') } },
        axisTick: { show: true, customValues: x.ticks, lineStyle: { color: color('axis') }, length: 4 } },
      yAxis: axis(y, { margin: 8 }),
    };
  }
}

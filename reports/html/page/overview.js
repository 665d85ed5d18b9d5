// Several loads at a glance: a row of small charts each, on one time axis; a row chooses its load.

import { h, svg } from './dom.js';
import { count, ms, rate, spent } from './format.js';

const WIDTH = 300;
const HEIGHT = 40;
const COLUMNS = 150;

/** The largest value of each column, so that no spike is lost. */
function columns(t, values, span) {
  const bins = new Map();
  const per = (span.max - span.min) / COLUMNS;
  t.forEach((second, i) => {
    if (values[i] === null) return;
    const bin = Math.floor((second - span.min) / per);
    bins.set(bin, Math.max(bins.get(bin) ?? 0, values[i]));
  });
  return [...bins].sort((a, b) => a[0] - b[0]).map(([bin, value]) => [(bin / COLUMNS) * WIDTH, value]);
}

function spark(model, load, values, hue, label, scale = (x) => x) {
  const { span } = model;
  const points = columns(load.t, values, span);
  const top = Math.max(...points.map((p) => scale(p[1])), 1e-9);
  const x = (t) => ((t - span.min) / (span.max - span.min)) * WIDTH;
  const bands = model.faults.filter((fault) => fault.happened).map((fault) => svg('rect', {
    x: x(fault.from), y: 0, width: Math.max(1, x(fault.to) - x(fault.from)), height: HEIGHT,
    style: { fill: `var(--fault-${fault.hue})`, opacity: 0.2 } }));
  const line = points.map(([px, v]) => `${px.toFixed(1)} ${(HEIGHT - 1 - (scale(v) / top) * (HEIGHT - 3)).toFixed(1)}`).join('L');
  return svg('svg', { class: 'spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
    bands, line && svg('path', { d: 'M' + line, fill: 'none', 'vector-effect': 'non-scaling-stroke', style: { stroke: `var(--${hue})`, 'stroke-width': 1.5 } }));
}

export function overview(model, choose) {
  const rows = model.loads.map((load, i) => {
    const worst = load.p99.reduce((a, b) => Math.max(a, b ?? 0), 0);
    const top = load.completedSeries.reduce((a, b) => Math.max(a, b), 0);
    const missed = model.objectives.filter((o) => o.load === load.name && !o.met).map((o) => o.name);
    const button = h('button', { type: 'button', class: 'row', role: 'tab', 'aria-selected': 'false', onclick: () => choose(i) },
      h('span', { class: 'who' }, h('b', {}, load.name), h('span', { class: 'dim' }, `${load.target} \u00b7 ${load.protocol}`),
        missed.length ? h('span', { class: 'chip bad' }, `misses ${missed.join(', ')}`) : null),
      h('span', { class: 'cell' }, h('span', { class: 'label' }, 'completed, peak ', h('b', {}, rate(top))),
        spark(model, load, load.completedSeries, 'completed', `Completed requests of ${load.name}`)),
      h('span', { class: 'cell' }, h('span', { class: 'label' }, 'errors ', h('b', {}, `${count(load.errorTotal)} (${spent(load.sent ? load.errorTotal / load.sent : 0)})`)),
        spark(model, load, load.errorSeries, 'error-closed', `Errors of ${load.name}`)),
      h('span', { class: 'cell' }, h('span', { class: 'label' }, 'p99, worst second ', h('b', {}, ms(worst || null))),
        spark(model, load, load.p99, 'p99', `99th percentile of ${load.name}`, (v) => Math.log10(1 + v))));
    return button;
  });
  const element = h('div', { class: 'overview', role: 'tablist', 'aria-label': 'Loads' }, rows);
  return { element, select: (i) => rows.forEach((row, k) => row.setAttribute('aria-selected', String(k === i))) };
}

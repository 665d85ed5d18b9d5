// The search for a capacity: its answer, the curve of goodput and latency over the rate, its probes.

import { h, svg, table } from './dom.js';
import { ms, rate, share } from './format.js';

const WIDTH = 640;
const HEIGHT = 220;
const EDGE = { left: 70, right: 70, top: 12, bottom: 34 };

/** A line of a figure over the offered rate, with a dot for each probe, on an axis of its own. */
function line(points, x, y, dash, name) {
  const at = points.map(([rate_, value]) => `${x(rate_).toFixed(1)},${y(value).toFixed(1)}`);
  return [
    svg('polyline', { points: at.join(' '), fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5, 'stroke-dasharray': dash }),
    ...points.map(([rate_, value, title]) => svg('circle', { cx: x(rate_), cy: y(value), r: 3, fill: 'currentColor' }, svg('title', {}, `${name}: ${title}`))),
  ];
}

function curve(found) {
  const probes = found.probes.filter((probe) => probe.to_s > probe.measured_from_s).sort((a, b) => a.rate - b.rate);
  if (probes.length < 2) return null;
  const most = probes[probes.length - 1].rate;
  const goodputs = Math.max(...probes.map((probe) => probe.goodput), 1e-9);
  const latencies = probes.map((probe) => Math.max(probe.latency_ms.p99, 0.01));
  const [low, high] = [Math.log(Math.min(...latencies)), Math.log(Math.max(...latencies)) + 1e-6];
  const x = (value) => EDGE.left + (WIDTH - EDGE.left - EDGE.right) * value / most;
  const up = (part) => HEIGHT - EDGE.bottom - (HEIGHT - EDGE.top - EDGE.bottom) * part;
  const text = (left, top, words, anchor) => svg('text', { x: left, y: top, 'text-anchor': anchor, 'font-size': 11, fill: 'currentColor' }, words);
  return svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': 'Goodput and p99 over the offered rate', style: 'max-width:100%' },
    svg('path', { d: `M${EDGE.left},${EDGE.top}V${HEIGHT - EDGE.bottom}H${WIDTH - EDGE.right}V${EDGE.top}`, fill: 'none', stroke: 'currentColor', opacity: 0.4 }),
    found.good ? svg('line', { x1: x(found.good), x2: x(found.good), y1: EDGE.top, y2: HEIGHT - EDGE.bottom, stroke: 'currentColor', 'stroke-dasharray': '2 3' }) : null,
    ...line(probes.map((probe) => [probe.rate, probe.goodput, rate(probe.goodput)]), x, (value) => up(value / goodputs), null, 'goodput'),
    ...line(probes.map((probe, i) => [probe.rate, latencies[i], ms(probe.latency_ms.p99)]), x, (value) => up((Math.log(value) - low) / (high - low)), '5 4', 'p99'),
    text(EDGE.left - 6, up(1) + 4, rate(goodputs), 'end'),
    text(EDGE.left - 6, up(0), 'goodput (line)', 'end'),
    text(WIDTH - EDGE.right + 6, up(1) + 4, ms(Math.max(...latencies)), 'start'),
    text(WIDTH - EDGE.right + 6, up(0), 'p99 (dashes)', 'start'),
    text(x(most), HEIGHT - 8, `${rate(most)} offered`, 'end'),
    found.good ? text(x(found.good), HEIGHT - 20, rate(found.good), 'middle') : null);
}

export function capacity(model) {
  const found = model.capacity;
  if (!found) return null;
  const worst = (probe) => Math.max(0, ...Object.values(probe.objectives).map((goal) => goal.share));
  return h('section', { id: 'capacity' }, h('h2', {}, 'Capacity'),
    h('p', {}, found.sentence),
    found.knee ? h('p', { class: 'note' }, `The knee, where goodput divided by latency is greatest, lies near ${rate(found.knee)}.`) : null,
    curve(found),
    table({
      caption: 'Probes', text: [0, 1, 2],
      note: 'In order. Goodput: ok answers in the seconds that were measured. Bad: of the objective that was furthest from being met.',
      head: ['Kind', 'Answer', 'Why', 'offered', 'sent', 'goodput', 'bad', 'p50', 'p99', 'from', 'to', 'recovery'],
      rows: found.probes.map((probe) => [probe.kind, probe.answer, probe.why, rate(probe.rate), rate(probe.sent), rate(probe.goodput),
        share(worst(probe)), ms(probe.latency_ms.p50), ms(probe.latency_ms.p99), `${probe.from_s} s`, `${probe.to_s} s`,
        probe.recovery_s === null ? '' : `${probe.recovery_s} s${probe.recovered ? '' : ', not back'}`]),
      empty: 'No rate was probed.',
    }));
}

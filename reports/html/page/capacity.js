// The search for a capacity: its answer, the curve of goodput and latency over the rate, its probes.

import { h, svg, table } from './dom.js';
import { ms, rate, share } from './format.js';

const WIDTH = 640;
const HEIGHT = 220;
const EDGE = { left: 92, right: 92, top: 12, bottom: 34 };

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
  const answered = probes.filter((probe) => probe.latency_ms.p99 !== null);
  if (answered.length === 0) return null;
  const latencies = answered.map((probe) => Math.max(probe.latency_ms.p99, 0.01));
  const [low, high] = [Math.log(Math.min(...latencies)), Math.log(Math.max(...latencies)) + 1e-6];
  const x = (value) => EDGE.left + (WIDTH - EDGE.left - EDGE.right) * value / most;
  const up = (part) => HEIGHT - EDGE.bottom - (HEIGHT - EDGE.top - EDGE.bottom) * part;
  const text = (left, top, words, anchor) => svg('text', { x: left, y: top, 'text-anchor': anchor, 'font-size': 11, fill: 'currentColor' }, words);
  return svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': 'Goodput and p99 over the offered rate', style: { 'max-width': `min(100%, ${WIDTH + 120}px)`, display: 'block', margin: '12px 0' } },
    svg('path', { d: `M${EDGE.left},${EDGE.top}V${HEIGHT - EDGE.bottom}H${WIDTH - EDGE.right}V${EDGE.top}`, fill: 'none', stroke: 'currentColor', opacity: 0.4 }),
    found.good ? svg('line', { x1: x(found.good), x2: x(found.good), y1: EDGE.top, y2: HEIGHT - EDGE.bottom, stroke: 'currentColor', 'stroke-dasharray': '2 3' }) : null,
    ...line(probes.map((probe) => [probe.rate, probe.goodput, rate(probe.goodput)]), x, (value) => up(value / goodputs), null, 'goodput'),
    ...line(answered.map((probe, i) => [probe.rate, latencies[i], ms(probe.latency_ms.p99)]), x, (value) => up((Math.log(value) - low) / (high - low)), '5 4', 'p99'),
    text(EDGE.left - 6, up(1) + 4, rate(goodputs), 'end'),
    text(EDGE.left - 6, up(0), 'goodput (line)', 'end'),
    text(WIDTH - EDGE.right + 6, up(1) + 4, ms(Math.max(...latencies)), 'start'),
    text(WIDTH - EDGE.right + 6, up(0), 'p99 (dashes)', 'start'),
    text(x(most), HEIGHT - 8, `${rate(most)} offered`, 'end'),
    found.good ? text(x(found.good), HEIGHT - 20, rate(found.good), 'middle') : null);
}

const worst = (probe) => Math.max(0, ...Object.values(probe.objectives).map((goal) => goal.share));

/** What one search found, under its sentence: the knee, the curve and the probes. */
function search(found) {
  return [
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
    }),
  ];
}

const ANSWERS = {
  found: 'verified', 'all-hold': 'the highest rate holds', 'none-holds': 'the lowest rate does not hold',
  generator: 'the generator is the limit', cut: 'cut short',
};

const percent = (part) => share(part, 0);

/** "61 %", "at most 55 %": as far as the two searches tell. */
function shareOf(row) {
  if (Object.keys(row.faults).length === 0) return '';
  if (row.share !== null) return percent(row.share);
  if (row.share_low !== null && row.share_high !== null) return `${percent(row.share_low)} to ${percent(row.share_high)}`;
  if (row.share_low !== null) return `at least ${percent(row.share_low)}`;
  return row.share_high !== null ? `at most ${percent(row.share_high)}` : 'unknown';
}

/** A bar from nothing to each row's rate: full what is confirmed good, pale up to what was refuted. */
function bars(rows) {
  const known = rows.filter((row) => row.good !== null || row.bad !== null);
  if (known.length < 2) return null;
  const most = Math.max(...known.map((row) => Math.max(row.good ?? 0, row.bad ?? 0)));
  const [left, right, step] = [220, 110, 26];
  const x = (value) => left + (WIDTH - left - right) * value / most;
  const cut = (name) => (name.length > 34 ? `${name.slice(0, 33)}…` : name);
  return svg('svg', { viewBox: `0 0 ${WIDTH} ${step * known.length + 6}`, role: 'img', 'aria-label': 'The capacity of each row', style: { 'max-width': `min(100%, ${WIDTH + 120}px)`, display: 'block', margin: '12px 0' } },
    known.map((row, i) => [
      svg('text', { x: left - 8, y: i * step + 18, 'text-anchor': 'end', 'font-size': 12, fill: 'currentColor' }, cut(row.name)),
      row.bad === null ? null : svg('rect', { x: left, y: i * step + 6, width: x(row.bad) - left, height: 16, fill: 'currentColor', opacity: 0.15 }),
      row.good === null ? null : svg('rect', { x: left, y: i * step + 6, width: x(row.good) - left, height: 16, fill: 'currentColor', opacity: 0.6 },
        svg('title', {}, `${row.name}: confirmed good ${rate(row.good)}${row.bad === null ? '' : `, refuted ${rate(row.bad)}`}`)),
      svg('text', { x: x(Math.max(row.good ?? 0, row.bad ?? 0)) + 8, y: i * step + 18, 'font-size': 12, fill: 'currentColor' },
        row.good === null ? `below ${rate(row.bad)}` : rate(row.good)),
    ]));
}

function effect(row) {
  const faults = Object.entries(row.faults);
  return faults.map(([label, fault]) => h('div', {}, `${label}: ${fault.verified ? 'verified' : 'not verified'}${fault.seen ? `, ${fault.seen}` : ''}`));
}

function matrix(rows) {
  return [
    bars(rows),
    table({
      caption: 'Capacity under faults', text: [0, 1, 9],
      note: 'Good: the highest rate that was confirmed. Bad: the lowest above it that was refuted. Share: of the capacity without faults, and in brackets as far as it may be from that. Generator: what it managed to send where it was the limit. Calm: after so long latency was back, before the row began.',
      head: ['Row', 'Answer', 'good', 'bad', 'share', 'confidence', 'probes', 'took', 'generator', 'Effect of its faults', 'calm after'],
      rows: rows.map((row) => [row.name, row.begun ? ANSWERS[row.end] : 'not begun', row.good === null ? '' : rate(row.good), row.bad === null ? '' : rate(row.bad),
        shareOf(row) + (row.share !== null && row.share_low !== null && row.share_high !== null && shareOf(row) !== '' ? ` (${percent(row.share_low)} to ${percent(row.share_high)})` : ''),
        percent(row.confidence), row.probes.length, row.begun ? `${row.to_s - row.from_s} s` : '', row.generator === null ? '' : rate(row.generator), effect(row),
        row.recovery_s === null ? '' : `${row.recovery_s} s${row.recovered ? '' : ', not back'}`]),
    }),
    rows.filter((row) => row.begun).map((row) => h('details', { style: { 'margin-top': '12px' } }, h('summary', {}, `${row.name}: its probes`), h('p', {}, row.sentence), search(row))),
  ];
}

export function capacity(model) {
  const found = model.capacity;
  if (!found) return null;
  return h('section', { id: 'capacity' }, h('h2', {}, 'Capacity'),
    model.matrix ? matrix(model.matrix) : [h('p', {}, found.sentence), search(found)]);
}

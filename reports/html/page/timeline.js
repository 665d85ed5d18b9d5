// All charts of one load over time, with one cursor and one zoom for all of them.

import { h } from './dom.js';
import { bytes, count, length, moment, ms, msTick, rate, short } from './format.js';
import { Lanes } from './lanes.js';
import { ERROR_CLASSES, inForce } from './model.js';
import { TimePlot } from './timeplot.js';

const most = (values) => values.reduce((a, b) => Math.max(a, b ?? 0), 0);

export class Timeline {
  constructor(model, load) {
    this.model = model;
    this.load = load;
    this.view = { ...model.span };
    this.at = null;
    this.plots = [this.ratePlot(), ...this.errorPlots(), ...this.latencyPlots(), ...this.pathPlots()];
    this.lanes = new Lanes(this);
    this.readout = h('output', { class: 'readout' });
    this.spoken = h('p', { class: 'hidden', 'aria-live': 'polite' });
    this.element = h('div', { class: 'timeline', tabindex: 0, role: 'group',
      'aria-label': `Timeline of ${load.name}. Left and right arrows move the cursor by a second.`,
      onkeydown: (event) => this.onKey(event) },
      this.toolbar(), this.spoken,
      this.lanes.isEmpty ? null : this.lanes.element,
      this.plots.map((plot) => plot.element));
    for (const plot of [this.lanes, ...this.plots]) this.follow(plot);
    this.say();
  }

  // ---- the charts

  ratePlot() {
    const { load } = this;
    const series = [{ key: 'completed', label: 'completed', color: 'completed', area: true, width: 1.5, values: load.completedSeries,
      idle: load.t.length ? `${rate(load.rate?.completed ?? 0)} mean` : '' }];
    series.push({ key: 'sent', label: 'sent', color: 'sent', width: 1, dash: 'dotted', z: 4, values: load.sentSeries,
      idle: load.t.length ? `${rate(load.rate?.sent ?? 0)} mean` : '' });
    if (load.planned) {
      series.push({ key: 'planned', label: 'planned', color: 'planned', dash: 'dashed', width: 1.5, z: 4, values: load.planned,
        idle: load.t.length ? `up to ${rate(most(load.planned))}` : '' });
    }
    return new TimePlot(this, {
      title: 'Rate', height: 190, series,
      note: load.open
        ? 'Requests a second. A gap between planned and completed is work that the service left waiting; a peak above is it catching up.'
        : 'Requests a second. A closed load sends as its users get answers, so a slow service lowers its own rate.',
      label: `Requests a second of ${load.name}: ${rate(load.rate?.completed ?? 0)} completed on average`
        + (load.planned ? `, up to ${rate(most(load.planned))} planned.` : '.'),
    });
  }

  errorPlots() {
    const { load } = this;
    if (load.classes.length === 0 && !load.errorSeries.some((n) => n > 0)) return [];
    const series = load.classes.length > 0
      ? load.classes.map(({ key, values }) => ({ key, label: key, color: 'error-' + key, area: true, solid: true, values,
          idle: count(values.reduce((a, b) => a + b, 0)) }))
      : [{ key: 'errors', label: 'errors', color: 'error-closed', area: true, solid: true, values: load.errorSeries, idle: count(load.errorTotal) }];
    const said = series.map((s) => `${s.label} ${s.idle}`).join(', ');
    return [new TimePlot(this, {
      title: 'Errors', height: 140, kind: 'stack', series,
      note: 'Errors a second, stacked by class, in the second in which they happened. '
        + load.classes.map(({ key }) => `${key}: ${ERROR_CLASSES[key] ?? key}`).join('; ') + '.',
      label: `Errors a second of ${load.name} by class. In total: ${said}.`,
    })];
  }

  latencyPlots() {
    const { load } = this;
    const whole = load.latency_ms?.response ?? {};
    if (!load.max.some((value) => value !== null)) return [];
    const line = (key, label, width, dash, z) => ({ key, label, color: key, width, dash, z,
      values: load[key], idle: ms(whole[{ p999: 'p99.9' }[key] ?? key]) });
    return [
      new TimePlot(this, {
        title: 'Latency', height: 250, log: true,
        series: [line('max', 'max', 1, 'dotted', 2), line('p999', 'p99.9', 1.25, 'dashed', 3), line('p99', 'p99', 2, 'solid', 6),
          line('p90', 'p90', 1.5, 'solid', 5), line('p50', 'p50', 1.5, 'solid', 4)],
        note: 'Response time, logarithmic. It counts from the moment at which the request was due, so a server that stands still cannot hide; each point holds the requests that were due in that second.',
        label: `Percentiles of the response time of ${load.name} for each second. Over the whole run: p50 ${ms(whole.p50)}, p99 ${ms(whole.p99)}, max ${ms(whole.max)}.`,
      }),
      new TimePlot(this, {
        title: 'Latency heat map', height: 210, kind: 'heat', extra: heatKey(),
        note: 'How many requests had which response time. Two bands at one time are two kinds of answers, which no percentile line shows.',
        label: `Heat map of the response times of ${load.name} over time.`,
      }),
    ];
  }

  /** How the path to the server was; nothing where the load was not over HTTP/3. */
  pathPlots() {
    const { load } = this;
    if (!load.path) return [];
    const { rtt_ms: roundTrip, window_bytes: size, packets_sent: sent, packets_lost: lost } = load.path;
    const window = size === null ? 'not measured' : bytes(size);
    return [
      new TimePlot(this, {
        title: 'Path: round trip', height: 120, say: ms, tick: msTick,
        series: [{ key: 'round-trip', label: 'round trip', color: 'completed', width: 1.5, values: load.roundTrip, idle: `${ms(roundTrip)} mean` }],
        note: 'Smoothed round trip time of QUIC in milliseconds, on the mean of connections.',
        label: `Smoothed round trip time of ${load.name} for each second: ${ms(roundTrip)} on average.`,
      }),
      new TimePlot(this, {
        title: 'Path: lost packets', height: 120,
        series: [{ key: 'lost', label: 'lost', color: 'error-closed', area: true, width: 1.5, values: load.lostPackets, idle: `${count(lost)} of ${count(sent)}` }],
        note: 'Packets a second that did not arrive at the server, as far as an acknowledgement of a later one told; what they held was sent again.',
        label: `Packets of ${load.name} that did not arrive, for each second: ${count(lost)} of ${count(sent)} in all.`,
      }),
      new TimePlot(this, {
        title: 'Path: congestion window', height: 120, say: (value) => bytes(value === null ? null : 1024 * value), tick: (value) => `${short(value)} KiB`,
        series: [{ key: 'window', label: 'window', color: 'p99', width: 1.5, values: load.windowKib, idle: `${window} mean` }],
        note: 'Bytes that may be under way before an acknowledgement, on the mean of connections.',
        label: `Congestion window of ${load.name} for each second: ${window} on average.`,
      }),
    ];
  }

  // ---- cursor

  /** Moves the cursor of all charts to second `t`, or takes it away. */
  point(t) {
    const { t: times } = this.load;
    const second = t === null ? null : Math.floor(t);
    if (second === this.at) return;
    this.at = second;
    const share = second === null ? 0 : (second + 0.5 - this.view.min) / (this.view.max - this.view.min);
    for (const plot of [this.lanes, ...this.plots]) {
      plot.cursor.hidden = second === null || share < 0 || share > 1;
      const { left, right } = this.plots[0].margins;
      plot.cursor.style.left = `${left + share * (this.plots[0].width - left - right)}px`;
    }
    const i = second === null ? -1 : times.indexOf(second);
    for (const plot of this.plots) {
      if (i < 0) {
        plot.say(null);
      } else {
        plot.say(Object.fromEntries(plot.series.map((series) =>
          [series.key, plot.word(series.values[i])])));
      }
    }
    this.say();
  }

  say() {
    const words = [];
    if (this.at === null) {
      words.push(this.isZoomed ? `${moment(this.view.min)} to ${moment(this.view.max)}` : `whole run, ${length(this.model.duration_s)}`);
    } else {
      words.push(`second ${moment(this.at)}`);
      const names = inForce(this.model, this.at).map((fault) => fault.label);
      if (names.length > 0) words.push(names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : ''));
    }
    this.readout.textContent = words.join(' \u00b7 ');
  }

  onKey(event) {
    if (event.target !== this.element) return;
    const step = event.shiftKey ? 10 : 1;
    const move = { ArrowLeft: -step, ArrowRight: step }[event.key];
    if (move !== undefined) {
      const from = this.at ?? (move > 0 ? this.view.min - 1 : this.view.max);
      this.point(Math.min(this.view.max - 1, Math.max(this.view.min, from + move)));
      const said = this.plots.flatMap((plot) => plot.series.map((s) => `${s.label} ${plot.values.get(s.key).textContent}`));
      this.spoken.textContent = `${this.readout.textContent}: ${said.join(', ')}`;
    } else if (event.key === 'Escape') {
      this.point(null);
      this.zoom(null);
    } else {
      return;
    }
    event.preventDefault();
  }

  // ---- zoom

  get isZoomed() {
    return this.view.min !== this.model.span.min || this.view.max !== this.model.span.max;
  }

  zoom(range) {
    const { span } = this.model;
    if (range === null) {
      this.view = { ...span };
    } else {
      const min = Math.max(span.min, Math.floor(range.min));
      const max = Math.min(span.max, Math.ceil(range.max));
      this.view = max - min >= 1 ? { min, max } : { min: Math.max(span.min, max - 1), max: Math.max(span.min, max - 1) + 1 };
    }
    this.at = undefined;  // The cursor's place changes with the view.
    this.point(null);
    this.whole.disabled = !this.isZoomed;
    this.redraw();
  }

  toolbar() {
    this.whole = h('button', { type: 'button', disabled: true, onclick: () => this.zoom(null) }, 'Whole run');
    const faults = this.model.faults.filter((fault) => fault.happened);
    const around = (fault) => {
      const { min, max } = this.model.span;
      const margin = Math.max(1.5, (fault.to - fault.from) * 0.75, Math.min(15, (max - min) / 20));
      this.zoom({ min: fault.from - margin, max: fault.to + margin });
    };
    const canZoom = this.model.span.max - this.model.span.min > 4;
    const jumps = !canZoom ? [] : faults.length <= 4
      ? faults.map((fault) => h('button', { type: 'button', class: 'jump', style: { '--hue': `var(--fault-${fault.hue})` },
          onclick: () => around(fault) }, h('span', { class: 'name' }, fault.label)))
      : [h('select', { 'aria-label': 'Zoom to a fault', onchange: (event) => {
          const fault = faults[Number(event.target.value)];
          if (fault) around(fault);
        } }, h('option', { value: '' }, 'Zoom to a fault\u2026'), faults.map((fault, i) => h('option', { value: i }, `${fault.label} at ${moment(fault.from)}`)))];
    return h('div', { class: 'toolbar' }, this.readout,
      h('span', { class: 'zoom' }, this.whole, jumps,
        canZoom ? h('span', { class: 'hint' }, 'Drag over a chart to zoom in') : null));
  }

  /** Lets `plot` follow the pointer: moving points, dragging zooms, a tap points on touch screens. */
  follow(plot) {
    const { area } = plot;
    const selection = h('div', { class: 'selection', hidden: true });
    area.append(selection);
    let start = null;
    const timeOf = (event) => {
      const box = area.getBoundingClientRect();
      const { left, right } = this.plots[0].margins;
      const share = (event.clientX - box.left - left) / (box.width - left - right);
      return this.view.min + Math.min(0.999999, Math.max(0, share)) * (this.view.max - this.view.min);
    };
    const placeOf = (event) => event.clientX - area.getBoundingClientRect().left;
    area.addEventListener('pointermove', (event) => {
      this.point(timeOf(event));
      if (start !== null && event.pointerType === 'mouse') {
        const [a, b] = [start.x, placeOf(event)].sort((x, y) => x - y);
        selection.hidden = b - a < 6;
        selection.style.left = a + 'px';
        selection.style.width = b - a + 'px';
      }
    });
    area.addEventListener('pointerdown', (event) => {
      this.point(timeOf(event));
      if (event.pointerType === 'mouse' && event.button === 0) {
        start = { x: placeOf(event), t: timeOf(event) };
        area.setPointerCapture(event.pointerId);
      }
    });
    area.addEventListener('pointerup', (event) => {
      if (start !== null && !selection.hidden) {
        const [min, max] = [start.t, timeOf(event)].sort((x, y) => x - y);
        this.zoom({ min, max });
      }
      start = null;
      selection.hidden = true;
    });
    area.addEventListener('pointercancel', () => {
      start = null;
      selection.hidden = true;
    });
    area.addEventListener('pointerleave', (event) => {
      if (event.pointerType === 'mouse') this.point(null);
    });
    area.addEventListener('dblclick', () => this.zoom(null));
  }

  redraw() {
    if (!this.lanes.isEmpty) this.lanes.redraw();
    for (const plot of this.plots) plot.redraw();
  }
}

function heatKey() {
  return h('span', { class: 'key heat' }, h('span', {}, 'few'),
    h('span', { class: 'ramp', 'aria-hidden': 'true' }, Array.from({ length: 8 }, (_, i) => h('i', { style: { background: `var(--heat-${i})` } }))),
    h('span', {}, 'many requests (logarithmic)'));
}

// Charts over the timeline: lines, stacked areas and the heat map, with the faults behind them.

import { linearAxis, logAxis, timeTicks } from './axes.js';
import { count, moment, ms, msTick, short } from './format.js';
import { Plot } from './plot.js';
import { color } from './theme.js';

const MOST_LABELS = 6;
const MOST_LABEL_ROWS = 3;
const LABEL_LINE = 14;
const MOST_COLUMNS = 360;

/** Width of a text in the charts' font, near enough to decide whether it has room. */
const textWidth = (text) => text.length * 6.2;

export class TimePlot extends Plot {
  /** `timeline` has the view, the model and the load; `kind`: lines, stack or heat; `say` words a value, `tick` one on the axis. */
  constructor(timeline, options) {
    super(options);
    this.timeline = timeline;
    this.kind = options.kind ?? 'lines';
    this.log = options.log ?? false;
    this.word = options.say ?? (this.log ? ms : count);
    this.tick = options.tick ?? short;
  }

  get view() {
    return this.timeline.view;
  }

  get visible() {
    return this.series.filter((series) => !this.hidden.has(series.key));
  }

  option() {
    const x = { ...this.view, ticks: timeTicks(this.view.min, this.view.max, this.width - this.margins.left - this.margins.right, this.isNarrow ? 54 : 84),
      format: (value) => moment(value), grid: false };
    const backdrop = this.backdrop();
    const frame = this.frame({ x, y: this.yAxis(), top: 10 + LABEL_LINE * backdrop.labelRows });
    const drawn = this.kind === 'heat' ? this.heatSeries() : this.kind === 'stack' ? this.stackSeries() : this.lineSeries();
    return { ...frame, series: [backdrop.series, ...drawn] };
  }

  // ---- extents

  indices() {
    const { t } = this.timeline.load;
    const { min, max } = this.view;
    const found = [];
    for (let i = 0; i < t.length; ++i) if (t[i] + 1 > min && t[i] < max) found.push(i);
    return found;
  }

  yAxis() {
    if (this.kind === 'heat') return this.heatAxis();
    let smallest = Infinity;
    let largest = 0;
    for (const i of this.indices()) {
      let sum = 0;
      for (const series of this.visible) {
        const value = series.values[i];
        if (value === null || value === undefined) continue;
        sum = this.kind === 'stack' ? sum + value : value;
        largest = Math.max(largest, sum);
        if (value > 0) smallest = Math.min(smallest, value);
      }
    }
    if (this.log) return { ...logAxis(Number.isFinite(smallest) ? smallest : 0, largest), format: (v) => msTick(10 ** v) };
    return { ...linearAxis(largest), format: this.tick };
  }

  // ---- faults, behind everything

  backdrop() {
    const { model } = this.timeline;
    const { min, max } = this.view;
    const seen = model.faults.filter((f) => f.happened && f.to >= min && f.from <= max);
    const scale = (this.width - this.margins.left - this.margins.right) / (max - min);
    const labelled = seen.length <= MOST_LABELS && !this.isNarrow;
    // Labels stand above the drawing; those of neighbours that would overlap, line over line.
    const ends = [];
    const label = (fault) => {
      const text = fault.label.length > 28 ? fault.label.slice(0, 27) + '\u2026' : fault.label;
      const from = (Math.max(fault.from, min) - min) * scale;
      let row = ends.findIndex((end) => end <= from);
      if (row < 0) row = ends.length;
      const show = labelled && row < MOST_LABEL_ROWS;
      if (show) ends[row] = from + textWidth(text) + 10;
      return { row, show, formatter: text.replace(/[{}|]/g, ' '), color: color('fault-' + fault.hue + '-text'), fontSize: 11, fontWeight: 600 };
    };
    const areas = [];
    const lines = [];
    for (const fault of [...seen].sort((a, b) => a.from - b.from)) {
      const hue = color('fault-' + fault.hue);
      const text = label(fault);
      if (fault.instant) {
        lines.push({ xAxis: fault.from, lineStyle: { color: hue, type: 'solid', width: 1.5 },
          label: { ...text, position: 'end', rotate: 0, align: 'left', distance: 0, offset: [-1, -8 - text.row * LABEL_LINE] } });
      } else {
        const from = Math.max(fault.from, min);
        const to = Math.min(fault.to, max);
        const style = this.kind === 'heat'
          ? { color: hue, opacity: 0.1, borderColor: hue, borderWidth: 1, borderType: 'dashed' }
          : { color: hue, opacity: 0.15 };
        areas.push([{ xAxis: from, itemStyle: style, label: { ...text, position: [1, -LABEL_LINE * (text.row + 1)], align: 'left', verticalAlign: 'top' } }, { xAxis: to }]);
        if (seen.length <= 24) {
          for (const edge of [fault.from, fault.to]) {
            if (edge >= min && edge <= max) {
              lines.push({ xAxis: edge, lineStyle: { color: hue, type: 'dashed', width: 1, opacity: 0.8 }, label: { show: false } });
            }
          }
        }
      }
    }
    for (const stop of model.stops) {
      if (stop.at_s < min || stop.at_s > max) continue;
      lines.push({ xAxis: stop.at_s, lineStyle: { color: color('bad'), type: 'solid', width: 1.5 },
        label: { show: !this.isNarrow, formatter: 'stopped', color: color('bad-text'), fontSize: 11, fontWeight: 600,
          position: 'insideEndTop', rotate: 0, align: 'right', verticalAlign: 'top', offset: [-4, -2], distance: 0 } });
    }
    return {
      labelRows: Math.min(MOST_LABEL_ROWS, ends.length),
      series: {
        type: 'line', data: [], silent: true, z: 1,
        markArea: { silent: true, animation: false, z: 0, data: areas },
        markLine: { silent: true, animation: false, symbol: 'none', z: 5, data: lines },
      },
    };
  }

  // ---- lines

  lineSeries() {
    const { t } = this.timeline.load;
    const drawn = [];
    for (const series of this.visible) {
      const stroke = color(series.color);
      const points = [];
      const alone = [];
      for (const i of this.indices()) {
        const value = series.values[i];
        if (this.log) {
          const y = value > 0 ? Math.log10(value) : null;
          points.push([t[i] + 0.5, y]);
          const hasNeighbour = (k) => series.values[k] !== null && series.values[k] !== undefined && series.values[k] > 0
            && Math.abs(t[k] - t[i]) === 1;
          if (y !== null && !hasNeighbour(i - 1) && !hasNeighbour(i + 1)) alone.push([t[i] + 0.5, y]);
        } else {
          // A count holds for its whole second.
          points.push([t[i], value], [t[i] + 1, value]);
        }
      }
      drawn.push({
        type: 'line', name: series.label, data: points, silent: true, showSymbol: false, connectNulls: false, z: series.z ?? 3,
        clip: true,
        lineStyle: { color: stroke, width: series.width ?? 1.5, type: series.dash ?? 'solid', join: 'round' },
        itemStyle: { color: stroke },
        areaStyle: series.area ? { color: stroke, opacity: 0.2 } : undefined,
        endLabel: this.log && !this.isNarrow
          ? { show: true, formatter: series.label, color: color(series.color + '-text') || stroke, fontSize: 11, distance: 5, minMargin: 6 }
          : undefined,
        labelLayout: { moveOverlap: 'shiftY' },
      });
      if (alone.length > 0) {
        drawn.push({ type: 'scatter', data: alone, silent: true, symbolSize: 5, itemStyle: { color: stroke }, z: series.z ?? 3 });
      }
    }
    return drawn;
  }

  /** Sums drawn from the tallest to the lowest, each over the one before. */
  stackSeries() {
    const { t } = this.timeline.load;
    const indices = this.indices();
    const sums = new Array(indices.length).fill(0);
    const layers = this.visible.map((series) => {
      const points = [];
      indices.forEach((i, k) => {
        sums[k] += series.values[i];
        // A second without errors leaves a gap, so that no line runs along the axis.
        if (sums[k] > 0) points.push([t[i], 0], [t[i], sums[k]], [t[i] + 1, sums[k]], [t[i] + 1, 0]);
        else if (points.length > 0 && points.at(-1)[1] !== null) points.push([t[i], null]);
      });
      return {
        type: 'line', name: series.label, data: points, silent: true, showSymbol: false, z: 3, clip: true,
        lineStyle: { color: color(series.color), width: 1 },
        areaStyle: { color: color(series.color), opacity: 1, origin: 'start' },
      };
    });
    return layers.reverse();
  }

  // ---- heat map

  heatAxis() {
    const { edges_ms: edges, rows } = this.timeline.load.heat;
    let first = Infinity;
    let last = -1;
    for (const i of this.indices()) {
      const row = rows[i];
      if (!row || row.length === 0) continue;
      first = Math.min(first, row[0]);
      last = Math.max(last, row[0] + row.length - 2);
    }
    if (last < 0) return { ...logAxis(1, 10), format: (v) => msTick(10 ** v) };
    const axis = logAxis(edges[first], edges[last + 1]);
    return { ...axis, format: (v) => msTick(10 ** v) };
  }

  /** [from, to, lowest, highest, requests a second] of each filled cell, seconds joined to columns. */
  heatCells() {
    const { load } = this.timeline;
    const { edges_ms: edges, rows } = load.heat;
    const indices = this.indices();
    if (indices.length === 0) return { cells: [], most: 0, per: 1 };
    const inner = this.width - this.margins.left - this.margins.right;
    const columns = Math.min(MOST_COLUMNS, Math.max(40, Math.floor(inner / 3)));
    const per = Math.max(1, Math.ceil((this.view.max - this.view.min) / columns));
    const byColumn = new Map();
    for (const i of indices) {
      const row = rows[i];
      if (!row || row.length === 0) continue;
      const column = Math.floor(load.t[i] / per) * per;
      if (!byColumn.has(column)) byColumn.set(column, new Map());
      const buckets = byColumn.get(column);
      for (let k = 1; k < row.length; ++k) {
        if (row[k] > 0) buckets.set(row[0] + k - 1, (buckets.get(row[0] + k - 1) ?? 0) + row[k]);
      }
    }
    let most = 0;
    const cells = [];
    for (const [column, buckets] of byColumn) {
      for (const [bucket, n] of buckets) {
        most = Math.max(most, n / per);
        cells.push([column, column + per, Math.log10(edges[bucket]), Math.log10(edges[bucket + 1]), n / per]);
      }
    }
    return { cells, most, per };
  }

  heatSeries() {
    const { cells, most, per } = this.heatCells();
    this.columnSeconds = per;
    const steps = Array.from({ length: 8 }, (_, i) => color('heat-' + i));
    // Logarithmic, or the few slow ones, which matter most, would be invisible.
    const least = Math.min(1 / per, most);
    const span = Math.log(most / least) || 1;
    const shade = (value) => steps[Math.min(7, Math.floor((Math.log(value / least) / span) * 7.999))];
    return [{
      type: 'custom', silent: true, data: cells, clip: true, z: 3, encode: { x: [0, 1], y: [2, 3] },
      renderItem: (params, api) => {
        const [x0, y0] = api.coord([api.value(0), api.value(2)]);
        const [x1, y1] = api.coord([api.value(1), api.value(3)]);
        const grid = params.coordSys;
        const left = Math.max(x0, grid.x);
        const right = Math.min(x1, grid.x + grid.width);
        const top = Math.max(y1, grid.y);
        const bottom = Math.min(y0, grid.y + grid.height);
        if (right <= left || bottom <= top) return null;
        const gap = right - left > 6 ? 1 : 0;
        return { type: 'rect', shape: { x: left, y: top, width: Math.max(0.6, right - left - gap), height: Math.max(0.6, bottom - top - (gap ? 0.5 : 0)) },
          style: { fill: shade(api.value(4)) } };
      },
    }];
  }
}

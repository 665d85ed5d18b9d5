// The percentile curve: latency over 1/(1-p), as HdrHistogram draws it, so that the tail has room.

import { logAxis } from './axes.js';
import { ms, msTick } from './format.js';
import { Plot } from './plot.js';
import { color } from './theme.js';

const NINES = [0, 50, 90, 99, 99.9, 99.99, 99.999];
const place = (percent) => Math.log10(1 / (1 - percent / 100));
const percentOf = (x) => (1 - 1 / 10 ** x) * 100;
const name = (percent) => `${Number(percent.toPrecision(6))}\u202f%`;

export class PercentilePlot extends Plot {
  constructor(load) {
    const { response, service } = load.percentiles;
    const largest = (curve) => (curve.length ? ms(curve.at(-1)[1]) : '');
    const many = load.latency_ms?.response?.count ?? 0;
    super({
      title: 'Latency by percentile', height: 270,
      note: 'How slow were the slowest? Each step to the right is a tenth of the requests before. Response counts from the due moment, service from the moment of sending; what lies between is waiting for the service to take the request.',
      label: `Percentile curve of ${load.name}: response and service time of ${many} requests.`,
      series: [
        { key: 'response', label: 'response', color: 'response', width: 2.25, values: response, idle: `max ${largest(response)}` },
        { key: 'service', label: 'service', color: 'service', width: 2, dash: 'dashed', values: service, idle: `max ${largest(service)}` },
      ],
    });
    this.where = null;
    this.area.addEventListener('pointermove', (event) => this.point(event));
    this.area.addEventListener('pointerdown', (event) => this.point(event));
    this.area.addEventListener('pointerleave', (event) => {
      if (event.pointerType !== 'mouse') return;
      this.cursor.hidden = true;
      this.say(null);
    });
  }

  get end() {
    const last = Math.max(0, ...this.series.map((series) => (series.values.length ? place(series.values.at(-1)[0]) : 0)));
    return Math.max(1, last);
  }

  point(event) {
    const box = this.area.getBoundingClientRect();
    const { left, right } = this.margins;
    const share = Math.min(1, Math.max(0, (event.clientX - box.left - left) / (box.width - left - right)));
    const percent = percentOf(share * this.end);
    this.cursor.hidden = false;
    this.cursor.style.left = `${left + share * (box.width - left - right)}px`;
    const value = ({ values }) => values.find((pair) => pair[0] >= percent - 1e-9) ?? values.at(-1);
    this.say(Object.fromEntries(this.series.map((series) => {
      const pair = value(series);
      return [series.key, pair ? `${ms(pair[1])} at ${name(Number(percent.toPrecision(percent > 99 ? 5 : 3)))}` : ''];
    })));
  }

  option() {
    const shown = this.series.filter((series) => !this.hidden.has(series.key) && series.values.length > 0);
    const all = shown.flatMap((series) => series.values.map((pair) => pair[1])).filter((value) => value > 0);
    const y = { ...logAxis(all.reduce((a, b) => Math.min(a, b), Infinity), all.reduce((a, b) => Math.max(a, b), 0)), format: (v) => msTick(10 ** v) };
    const end = this.end;
    const x = { min: 0, max: end, ticks: NINES.map(place).filter((p) => p <= end + 1e-9), format: (v) => name(percentOf(v)), grid: true };
    return {
      ...this.frame({ x, y, top: 12 }),
      series: shown.map((series) => {
        const points = series.values.map(([percent, value]) => [place(percent), Math.log10(Math.max(value, 10 ** y.min))]);
        return {
          type: points.length > 1 ? 'line' : 'scatter', data: points, silent: true, showSymbol: false, symbolSize: 7, z: series.key === 'response' ? 3 : 4,
          lineStyle: { color: color(series.color), width: series.width, type: series.dash ?? 'solid' },
          itemStyle: { color: color(series.color) },
        };
      }),
    };
  }
}

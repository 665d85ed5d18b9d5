// The lanes above the charts: each fault with its application times, each service that went down.

import { h } from './dom.js';
import { length, moment } from './format.js';

const MOST_SERVICES = 8;

export class Lanes {
  constructor(timeline) {
    this.timeline = timeline;
    this.track = h('div', { class: 'track' });
    this.cursor = h('div', { class: 'cursor', hidden: true });
    this.area = h('div', { class: 'plot lanes' }, this.track, this.cursor);
    this.element = h('div', { class: 'lanes-box' }, this.area);
  }

  get isEmpty() {
    const { model } = this.timeline;
    return model.faults.length === 0 && model.services.length === 0;
  }

  redraw() {
    const { model, view } = this.timeline;
    const { left, right } = this.timeline.plots[0].margins;
    this.track.style.marginLeft = left + 'px';
    this.track.style.marginRight = right + 'px';
    const at = (t) => ((t - view.min) / (view.max - view.min)) * 100;
    const lanes = [];
    const byName = new Map();
    for (const fault of model.faults) {
      if (!byName.has(fault.name)) byName.set(fault.name, []);
      byName.get(fault.name).push(fault);
    }
    for (const faults of byName.values()) lanes.push(this.faultLane(faults, at));
    for (const service of model.services.slice(0, MOST_SERVICES)) lanes.push(this.serviceLane(service, at));
    if (model.services.length > MOST_SERVICES) {
      lanes.push(h('div', { class: 'lane more' }, `${model.services.length - MOST_SERVICES} more services went down: see the events.`));
    }
    this.track.replaceChildren(...lanes);
  }

  faultLane(faults, at) {
    const { view } = this.timeline;
    const shown = faults.filter((f) => f.from !== null && f.to >= view.min && f.from <= view.max);
    const lane = h('div', { class: 'lane', style: { '--hue': `var(--fault-${faults[0].hue})`, '--hue-text': `var(--fault-${faults[0].hue}-text)` } });
    if (shown.length === 0) {
      const [first] = faults;
      lane.append(h('span', { class: 'tag', style: { left: '0' } }, `${first.label} `,
        h('span', { class: 'dim' }, first.from === null ? 'never planned' : `at ${moment(first.from, 1)}, out of view`)));
      return lane;
    }
    for (const fault of shown) {
      const from = Math.max(0, at(fault.from));
      const to = Math.min(100, at(fault.to));
      const what = fault.instant ? `${fault.label} at ${moment(fault.from, 2)}` : `${fault.label} ${moment(fault.from, 2)} to ${moment(fault.to, 2)}`;
      lane.append(h('span', { class: `stretch ${fault.instant ? 'instant' : ''} ${fault.happened ? '' : 'planned'}`, title: what,
        style: { left: from + '%', width: fault.instant ? '0' : Math.max(0.2, to - from) + '%' } }));
    }
    const [first] = shown;
    const words = !first.happened ? ` ${first.state}, never in force`
      : first.instant ? ` at ${moment(first.from, 1)}`
      : ` ${length(first.to - first.from)}`;
    const many = faults.length > 1 ? ` \u00d7 ${faults.length}` : words;
    lane.append(this.tag(at(first.from), at(first.to), faults.length > 1 ? first.name : first.label, many, shown.length > 1));
    return lane;
  }

  serviceLane(service, at) {
    const { view } = this.timeline;
    const lane = h('div', { class: 'lane service' }, h('span', { class: 'up' }));
    let total = 0;
    let first = null;
    for (const down of service.downs) {
      total += down.to - down.from;
      if (down.to < view.min || down.from > view.max) continue;
      first ??= down;
      const from = Math.max(0, at(down.from));
      const to = Math.min(100, at(down.to));
      lane.append(h('span', { class: 'stretch down', title: `${service.name} down from ${moment(down.from, 2)} to ${moment(down.to, 2)}`,
        style: { left: from + '%', width: `max(3px, ${to - from}%)` } }));
    }
    const words = service.downs.some((down) => down.open) ? ' down, not back' : ` down ${length(total)}`;
    lane.append(this.tag(first ? at(first.from) : 0, first ? at(first.to) : 0, service.name, words, false));
    return lane;
  }

  /** The name stands behind its bar where there is room, else before it. */
  tag(from, to, name, words, above) {
    const inside = above ? { left: '0' } : to < 62 ? { left: `calc(${Math.max(0, to)}% + 8px)` }
      : from > 30 ? { right: `calc(${100 - Math.min(100, from)}% + 8px)` } : { left: `calc(${Math.max(0, from)}% + 6px)` };
    return h('span', { class: `tag ${above ? 'above' : ''}`, style: inside }, h('b', {}, name), h('span', { class: 'dim' }, words));
  }
}

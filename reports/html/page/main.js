// Builds the report page from the data that follows it in the file.

import { capacity } from './capacity.js';
import { h } from './dom.js';
import { moment } from './format.js';
import { figures, head, objectives, verdictOf } from './head.js';
import { comparisonTables } from './comparison.js';
import { alertsTable, guardsTable, impactTable } from './judgement.js';
import { readModel } from './model.js';
import { overview } from './overview.js';
import { PercentilePlot } from './percentileplot.js';
import { addressesTable, agentsTable, alternativesTable, answersTable, connectionsTable, earlyDataTable, eventsTable, faultsTable, healthTable, latencyTable, loadsTable, pathTable, phasesTable, requestsTable } from './tables.js';
import { currentTheme, onThemeChange, startTheme, toggleTheme } from './theme.js';
import { Timeline } from './timeline.js';

class LoadPanel {
  constructor(model, load) {
    this.hasSeconds = load.t.length > 0;
    this.timeline = this.hasSeconds ? new Timeline(model, load) : null;
    this.percentiles = load.percentiles.response.length > 0 ? new PercentilePlot(load) : null;
    const several = model.loads.length > 1;
    this.element = h('div', { class: 'load', hidden: true, role: several ? 'tabpanel' : 'group', 'aria-label': `Load ${load.name}` },
      h('h3', { class: several ? 'load-name' : 'hidden' }, `Load ${load.name}`),
      this.timeline?.element ?? h('p', { class: 'note' }, 'Nothing was due, so there is no timeline.'),
      this.percentiles?.element,
      latencyTable(load), answersTable(load), requestsTable(load), addressesTable(load), phasesTable(load), alternativesTable(load), pathTable(load));
  }

  redraw() {
    if (this.element.hidden) return;
    this.timeline?.redraw();
    this.percentiles?.redraw();
  }
}

function build(model) {
  const root = document.getElementById('report');
  const verdict = verdictOf(model);
  const panels = model.loads.map((load) => new LoadPanel(model, load));
  let chosen = model.firstLoad;
  const choose = (i) => {
    chosen = i;
    panels.forEach((panel, k) => { panel.element.hidden = k !== i; });
    chooser?.select(i);
    panels[i]?.redraw();
  };
  const chooser = model.loads.length > 1 ? overview(model, choose) : null;

  const toggle = h('button', { type: 'button', class: 'theme' });
  const nameToggle = () => {
    const other = currentTheme() === 'dark' ? 'Light' : 'Dark';
    toggle.textContent = other;
    toggle.setAttribute('aria-label', `Change to ${other.toLowerCase()} colours`);
  };
  toggle.addEventListener('click', toggleTheme);

  const second = model.capacity ? ['capacity', 'Capacity'] : ['objectives', 'Objectives'];
  const links = [['verdict', 'Verdict'], second, ['timeline', 'Timeline'], ['details', 'Details'], ['events', 'Events']];
  root.append(
    h('header', { class: 'topbar' },
      h('span', { class: `chip ${verdict.tone}` }, verdict.word),
      h('span', { class: 'scenario' }, model.scenario),
      h('nav', { 'aria-label': 'Sections' }, links.map(([id, name]) => h('a', { href: '#' + id }, name))),
      toggle),
    h('main', {},
      head(model),
      figures(model),
      capacity(model),
      objectives(model),
      h('section', { id: 'timeline' }, h('h2', {}, model.loads.length > 1 ? 'Loads over time' : 'Timeline'),
        h('p', { class: 'note' }, 'Seconds from the start of the load. Shaded: a fault in force; a solid line: a fault without a length, such as a KILL.'),
        chooser?.element,
        panels.map((panel) => panel.element),
        model.loads.length === 0 ? h('p', { class: 'note' }, 'The scenario offers no load.') : null),
      h('section', { id: 'details' }, h('h2', {}, 'Details'),
        comparisonTables(model), faultsTable(model), impactTable(model), alertsTable(model), guardsTable(model), loadsTable(model), connectionsTable(model), earlyDataTable(model),
        agentsTable(model), healthTable(model)),
      h('section', { id: 'events' }, h('h2', {}, 'Events'), eventsTable(model))),
    h('footer', {}, h('p', {}, 'Made by squall. Every figure stands in results.json, every latency in histograms.hlog beside this file.',
      model.duration_s !== undefined ? ` The run took ${moment(model.duration_s, 1)}.` : '')));

  const redraw = () => panels.forEach((panel) => panel.redraw());
  nameToggle();
  onThemeChange(() => {
    nameToggle();
    redraw();
  });
  if (panels.length > 0) choose(chosen);

  let width = root.clientWidth;
  new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    requestAnimationFrame(redraw);
  }).observe(root);

  // Paper gets light colours, a fixed width, the whole run and every load.
  let before = null;
  addEventListener('beforeprint', () => {
    before ??= { theme: document.documentElement.dataset.theme, views: panels.map((panel) => panel.timeline?.view) };
    document.documentElement.dataset.theme = 'light';
    document.documentElement.classList.add('printing');
    panels.forEach((panel) => {
      panel.element.hidden = false;
      panel.timeline?.zoom(null);
      panel.redraw();
    });
  });
  addEventListener('afterprint', () => {
    if (!before) return;
    document.documentElement.classList.remove('printing');
    if (before.theme) document.documentElement.dataset.theme = before.theme;
    else delete document.documentElement.dataset.theme;
    before.views.forEach((view, i) => view && panels[i].timeline.zoom(view));
    before = null;
    choose(chosen);
  });
}

startTheme();
try {
  build(readModel(JSON.parse(document.getElementById('data').textContent)));
} catch (error) {
  document.getElementById('report').append(
    h('p', { class: 'stop' }, `This report could not be drawn: ${error.message}. The same figures lie beside it in results.json.`));
  throw error;
}

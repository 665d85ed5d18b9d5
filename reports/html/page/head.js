// The top of the page: the verdict and its reasons, the objectives, the figures that matter most.

import { h, svg } from './dom.js';
import { budget, chosen, count, date, decimalsOf, length, ms, rate, roughly, share, some, spent } from './format.js';

const VERDICTS = {
  pass: { word: 'Pass', tone: 'good', means: 'Every objective was met.' },
  fail: { word: 'Fail', tone: 'bad', means: 'An objective was missed.' },
  aborted: { word: 'Aborted', tone: 'warn', means: 'The run was ended before its plan was; the figures cover what was run.' },
  invalid: { word: 'Invalid', tone: 'warn', means: 'The measurement itself cannot be trusted: judge the service by another run.' },
  ineffective: { word: 'Ineffective', tone: 'warn', means: 'A fault did not happen as asked, so the run proves nothing about it.' },
  residue: { word: 'Residue', tone: 'bad', means: 'Something that was broken could not be put back. See to it first.' },
  error: { word: 'Error', tone: 'bad', means: 'A part of squall or a service could not do its work.' },
};

const SIGNS = {
  good: 'M5 12.5l4.5 4.5L19 7.5',
  bad: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  warn: 'M12 5v9M12 17.5v1.5',
};

function sign(tone) {
  return svg('svg', { class: 'sign', viewBox: '0 0 24 24', 'aria-hidden': 'true' },
    svg('path', { d: SIGNS[tone], fill: 'none', stroke: 'currentColor', 'stroke-width': 3, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }));
}

export const verdictOf = (model) => VERDICTS[model.verdict] ?? { word: model.verdict, tone: 'warn', means: '' };

export function head(model) {
  const verdict = verdictOf(model);
  return h('section', { class: `head ${verdict.tone}`, id: 'verdict' },
    h('div', { class: 'verdict' }, sign(verdict.tone), h('span', { class: 'word' }, verdict.word)),
    h('div', { class: 'about' },
      h('h1', {}, model.scenario),
      model.description ? h('p', { class: 'description' }, model.description) : null,
      h('ul', { class: 'reasons' }, (model.reasons ?? []).map((reason) => h('li', {}, reason))),
      (model.warnings ?? []).length > 0 ? h('ul', { class: 'reasons warnings' }, model.warnings.map((warning) => h('li', {}, h('b', {}, 'Warning: '), warning))) : null,
      h('p', { class: 'means' }, meaning(model, verdict)),
      h('dl', { class: 'facts' },
        fact('Started', date(model.startedAt)), fact('Took', length(model.duration_s)), fact('Run', model.run))));
}

/** What a verdict means; objectives that a search judged, rate by rate, are not told of as met. */
export function meaning(model, verdict) {
  if (model.verdict === 'fail') return whyFailed(model, verdict);
  if (model.verdict !== 'pass' || model.objectives.length > 0) return verdict.means;
  return model.capacity ? 'The search has an answer; it judged its objectives at each rate.' : 'No objective was set, and nothing went wrong.';
}

/** A run fails for more than missed objectives; what else it was, the reasons above say. */
function whyFailed({ capacity, objectives, reasons }, verdict) {
  if (!capacity && objectives.some((objective) => !objective.met)) return verdict.means;
  const above = (reasons ?? []).length > 1 ? 'for the reasons above.' : 'for the reason above.';
  if (capacity) return `The run failed ${above}`;
  return `No objective was ${objectives.length === 0 ? 'set' : 'missed'}; the run failed ${above}`;
}

/** What became of the faults, in a few words. A search decides by itself how long it needs a fault: there the plan has no times to keep to. */
export function faultWords(model) {
  const { faults } = model;
  const happened = faults.filter((fault) => fault.happened).length;
  if (faults.length === 0) return 'in the scenario';
  const ineffective = faults.filter((fault) => fault.happened && fault.state === 'ineffective').length;
  if (ineffective > 0) return `${happened < faults.length ? `of ${faults.length} ` : ''}happened, ${ineffective} ineffective`;
  if (happened < faults.length) return `of ${faults.length} happened`;
  if (model.capacity) return faults.every((fault) => fault.state === 'done' || fault.state === 'undone') ? 'happened, as the search asked' : 'happened, not all as asked';
  const asPlanned = faults.every((fault) => (fault.planned?.to_s ?? null) === null || Math.abs((fault.actual?.to_s ?? Infinity) - fault.planned.to_s) < 0.5);
  return asPlanned ? 'happened as planned' : 'happened, not all as planned';
}

const fact = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));

/** The bar of an error budget: full is all that the goal allows; beyond, it breaks its frame. */
function budgetBar(objective) {
  if (objective.measured === null) return null;
  const used = objective.budget.share;
  const width = used === null ? 100 : Math.min(100, used * 100);
  const over = used === null || used > 1;
  const words = objective.budget.allowed > 0
    ? `${count(objective.budget.spent)} bad of ${Number(objective.budget.allowed.toFixed(1)).toLocaleString('en-US')} allowed`
    : `${count(objective.budget.spent)} bad, none allowed`;
  return h('div', { class: 'budget' },
    h('div', { class: `gauge ${over ? 'over' : used > 0.75 ? 'near' : ''}`, role: 'meter', 'aria-label': 'Error budget spent',
      'aria-valuemin': 0, 'aria-valuemax': 1, 'aria-valuenow': Math.min(1, used ?? 1), 'aria-valuetext': `${budget(used)} spent` },
      h('i', { style: { width: width + '%' } })),
    h('p', {}, h('b', {}, `${budget(used)} of the error budget spent`)), h('p', { class: 'dim' }, words));
}

function objectiveCard(objective, several) {
  const few = objective.answer === 'too few';
  const state = objective.measured === null || few ? 'none' : objective.met ? 'met' : 'missed';
  const words = { met: 'met', missed: 'missed', none: few ? 'too few samples' : 'not measured' };
  const { limit, period } = objective;
  return h('li', { class: `objective ${state}` },
    h('div', { class: 'top' }, h('h3', {}, objective.name),
      h('span', { class: `chip ${{ met: 'good', missed: 'bad', none: 'warn' }[state]}` }, words[state])),
    h('p', { class: 'text' }, several ? `${objective.load}: ` : '', objective.text),
    h('dl', {},
      h('div', { class: 'measured' }, h('dt', {}, limit ? limit.figure : 'measured'),
        h('dd', {}, limit ? limit.measured_ms === null ? 'never ended' : ms(limit.measured_ms) : share(objective.measured, decimalsOf(objective.goal)))),
      h('div', {}, h('dt', {}, limit ? 'limit' : 'goal'), h('dd', {}, limit ? ms(limit.limit_ms) : share(objective.goal, decimalsOf(objective.goal)))),
      h('div', {}, h('dt', {}, `${objective.unit ?? 'request'}s`), h('dd', {}, count(objective.samples)))),
    budgetBar(objective),
    period ? h('p', { class: 'dim' }, `In ${chosen(period.period_s)}, at ${period.rate_from === 'scenario' ? 'the stated' : 'the run\u2019s'} rate${objective.unit === 'window' ? '' : ` of ${rate(period.rate)}`}, ${count(Math.floor(period.allowed))} bad ${objective.unit ?? 'request'}s are allowed; this run spent ${period.share > 0 ? spent(period.share) : 'none'} of them.${period.lasts_s === null ? '' : ` Were it always as in this run, the budget would last ${roughly(period.lasts_s)}.`}`) : null);
}

export function objectives(model) {
  if (model.objectives.length === 0 && model.capacity) return null;
  if (model.objectives.length === 0) {
    return h('section', { id: 'objectives' }, h('h2', {}, 'Objectives'),
      h('p', { class: 'note' }, 'The scenario sets none, so that no figure, however bad, missed one.'));
  }
  // The missed ones are why someone reads this.
  const sorted = [...model.objectives].sort((a, b) => Number(a.met) - Number(b.met));
  return h('section', { id: 'objectives' }, h('h2', {}, 'Objectives'),
    h('p', { class: 'note' }, 'What had to stay true. The error budget is the number of bad requests that the goal allows.'),
    h('ul', { class: 'objectives' }, sorted.map((objective) => objectiveCard(objective, model.loads.length > 1))));
}

/** What share of all that was due was ok, and what became of the rest. */
export function okTile(loads) {
  const sum = (key) => loads.reduce((a, load) => a + (load[key] ?? 0), 0);
  const due = sum('due');
  if (due === 0) return { value: '\u2013', words: 'nothing was due' };
  const rest = [some(sum('errorTotal'), 'error')];
  for (const key of ['unsent', 'shed']) if (sum(key) > 0) rest.push(`${count(sum(key))} ${key}`);
  return { value: share(sum('ok') / due), words: rest.join(', ') };
}

export function figures(model) {
  const sum = (key) => model.loads.reduce((a, load) => a + (load[key] ?? 0), 0);
  const sent = sum('sent');
  const ok = okTile(model.loads);
  const missing = sum('unsent') + sum('shed');
  const slowest = [...model.loads].filter((load) => load.latency_ms?.response?.count > 0)
    .sort((a, b) => b.latency_ms.response.p99 - a.latency_ms.response.p99)[0];
  const response = slowest?.latency_ms.response;
  const several = model.loads.length > 1;
  const happened = model.faults.filter((fault) => fault.happened).length;
  const tile = (name, value, words) => h('div', { class: 'tile' }, h('dt', {}, name), h('dd', {}, h('b', {}, value), h('span', {}, words)));
  const completed = model.loads.reduce((a, load) => a + (load.rate?.completed ?? 0), 0);
  const due = model.loads.reduce((a, load) => a + (load.rate?.due ?? 0), 0);
  const lost = model.loads.reduce((a, load) => a + (load.connections?.lost ?? 0), 0);
  return h('dl', { class: 'tiles', 'aria-label': 'Key figures' },
    tile('Requests', count(sent), missing > 0 ? `sent of ${count(sum('due'))} due` : sent > 0 ? 'sent, all that were due' : 'nothing was due'),
    tile('Rate', rate(completed), `completed, ${rate(due)} due`),
    tile('Ok', ok.value, ok.words),
    tile('p50', ms(response?.p50), !slowest ? 'nothing was measured' : several ? `response of ${slowest.name}` : 'response time'),
    tile('p99', ms(response?.p99), response ? `max ${ms(response.max)}` : 'nothing was measured'),
    tile('Faults', model.faults.length === 0 ? 'none' : String(happened), faultWords(model)),
    lost > 0 ? tile('Connections', count(lost), 'lost under way') : null);
}

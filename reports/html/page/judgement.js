// What faults did to the service, which alerts would have fired, which guards and probes spoke.

import { h, table } from './dom.js';
import { budget, chosen, count, length, moment, ms, share, spent } from './format.js';

const none = '\u2013';
const after = (at, from) => (at === null || at === undefined ? none : length(Math.max(0, at - from)));
const lines = (items) => items.map((item) => h('div', { class: 'pair' }, item));
const words = (...items) => items.filter(Boolean).map((item) => h('div', { class: 'words' }, item));

export function impactTable(model) {
  const faults = model.faults.filter((fault) => fault.impact?.effective_s !== undefined);
  const from = (part) => (part.stated ? ' (stated)' : '');
  const known = model.steady.map((state) => `${state.name}: ${[
    state.error_share.limit === null ? null : `at most ${share(Number(state.error_share.limit.toPrecision(3)))} not ok${from(state.error_share)}`,
    state.p99_ms.limit === null ? null : `p99 at most ${ms(state.p99_ms.limit)}${from(state.p99_ms)}`].filter(Boolean).join(', ')}`);
  const hold = Math.max(0, ...model.steady.map((state) => state.hold_s ?? 5));
  return table({
    caption: 'Impact of faults', text: [0, 1, 5, 6],
    note: known.length > 0
      ? `A second is steady when it is as stated, or else like those before the first fault (median and spread): ${known.join('; ')}. Recovered: steady again for ${length(hold)}.`
      : 'No steady state is known: it takes 5 s of load before the first fault.',
    head: ['Fault', 'Detected', 'steady again under it', 'recovered after its end', 'not ok', 'Worst stretch', 'Remarks'],
    rows: faults.map((fault) => {
      const { impact } = fault;
      const end = fault.actual?.to_s ?? impact.effective_s;
      const remarks = [impact.note, impact.overlaps.length > 0 ? `together with ${impact.overlaps.join(', ')}: what is whose cannot be told` : null,
        impact.departed_s === null && impact.recovered_s !== null ? 'never left the steady state' : null,
        ...Object.entries(impact.budget_spent_after).map(([name, value]) => `${budget(value)} of ${name} after its end`)].filter(Boolean);
      return [h('span', { class: 'fault-name', style: { '--hue': `var(--fault-${fault.hue})` } }, fault.label),
        impact.detected_s === null ? none : words(`after ${after(impact.detected_s, impact.effective_s)}: ${impact.detected_by}`), after(impact.recovered_under_s, impact.effective_s),
        impact.recovered_s === null ? h('span', { class: 'chip bad' }, 'not seen') : after(impact.recovered_s, end),
        notOk(impact),
        words(...Object.entries(impact.depth).map(([load, worst]) => `${load}: ${worst.length_s === undefined ? '' : `${length(worst.length_s)} with `}${spent(worst.error_share)} not ok, p99 ${ms(worst.p99_ms)}`)),
        words(...remarks)];
    }),
    empty: 'No fault was in force.',
  });
}

/** A load may fail all the time: then what is more than before the faults is told too. */
function notOk({ not_ok: all, not_ok_more: more }) {
  if (all === 0 || more === undefined || more === all) return count(all);
  return more === null ? `${count(all)} of whatever cause` : `${count(all)}, ${count(more)} more than before`;
}

export function alertsTable(model) {
  const row = (objective, alert, scaled) => [objective.name, h('span', { class: `chip ${alert.severity === 'page' ? 'bad' : 'warn'}` }, alert.severity),
    scaled ? 'scaled to the run' : 'as they are', chosen(alert.long_s), chosen(alert.short_s), `${alert.factor}\u00d7`,
    lines(alert.firings.map((firing) => `${moment(firing.fired_s, 2)} to ${firing.reset_s === null ? 'the end' : moment(firing.reset_s, 2)}`))];
  const rows = model.objectives.flatMap((objective) => [
    ...(objective.burn?.alerts ?? []).map((alert) => [alert, false]), ...(objective.burn?.scaled?.alerts ?? []).map((alert) => [alert, true])]
    .filter(([alert]) => alert.firings.length > 0).map(([alert, scaled]) => row(objective, alert, scaled)));
  const leftOut = [...new Set(model.objectives.flatMap((objective) => objective.burn?.scaled?.left_out ?? [])
    .map((rule) => `${rule.severity} ${chosen(rule.long_s)} and ${chosen(rule.short_s)}`))];
  return table({
    caption: 'Alerts that would have fired', text: [0, 1, 2],
    note: 'Burn-rate alerts of the SRE workbook (1 h and 5 min at 14.4\u00d7, 6 h and 30 min at 6\u00d7, 1 d and 2 h at 3\u00d7, 3 d and 6 h at 1\u00d7), after a past without errors at the rate of the run. Scaled: all windows shortened so that 6 h become the run.'
      + (leftOut.length > 0 ? ` Scaled, both windows would be 1 s, and so left out: ${leftOut.join(', ')}.` : ''),
    head: ['Objective', 'Severity', 'Windows', 'long', 'short', 'burn rate', 'fired'],
    rows,
    empty: model.objectives.length > 0 ? 'None.' : 'The scenario sets no objective.',
  });
}

export function guardsTable(model) {
  if (model.guards.length + model.probes.length === 0) return null;
  const chip = (well, good, bad) => h('span', { class: `chip ${well ? 'good' : 'bad'}` }, well ? good : bad);
  return table({
    caption: 'Guards and probes', text: [0, 1, 2],
    note: 'A guard that trips ends the run. A probe is asked all the while.',
    head: ['Name', 'State', 'Details', 'at'],
    rows: [...model.guards.map((guard) => [guard.name, chip(guard.tripped_s === null, 'did not trip', 'tripped'), guard.sentence ?? `condition: ${guard.condition}`,
      guard.tripped_s === null ? none : moment(guard.tripped_s, 2)]),
    ...model.probes.map((probe) => [probe.name, chip(probe.met, 'as expected', 'not as expected'), probe.sentence, none])],
    empty: '',
  });
}

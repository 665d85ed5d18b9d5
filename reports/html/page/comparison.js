// How this run compares with a baseline, and a canary with its control.

import { h, table } from './dom.js';
import { ms, rate, share } from './format.js';

const none = '\u2013';
const TONES = { same: 'good', better: 'good', worse: 'bad', unclear: 'warn', 'too few': '', 'not comparable': 'warn' };
const chip = (word) => h('span', { class: `chip ${TONES[word] ?? ''}` }, word);

function value(difference, number) {
  if (number === null) return none;
  return { ms, share, per_s: rate }[difference.unit](number);
}

function change(difference, number) {
  if (number === null) return 'any';
  const text = (number * 100).toFixed(difference.unit === 'share' ? 3 : 1);
  return `${number > 0 ? '+' : ''}${Number(text) === 0 ? text.replace('-', '') : text}\u00a0%`;
}

function comparisonTable(comparison, caption, a, b) {
  return table({
    caption, text: [0, 1, 6],
    note: [chip(comparison.verdict), ' ', [...comparison.reasons, ...comparison.remarks].join('. '),
      `. All intervals hold together with ${comparison.confidence * 100}\u00a0% confidence; a change of up to ${Number((comparison.tolerance * 100).toFixed(2))}\u00a0% counts for nothing. Of shares, changes are in points.`],
    head: ['Load', 'Figure', `A: ${a}`, `B: ${b}`, 'change', 'interval', 'Answer'],
    rows: comparison.differences.filter((one) => one.a !== null || one.b !== null).map((one) => ({ class: one.answer === 'worse' ? 'alarm' : '',
      cells: [one.phase ? `${one.load}, ${one.phase}` : one.load, one.figure, value(one, one.a), value(one, one.b),
        one.change === null ? none : change(one, one.change),
        one.answer === 'too few' ? none : `${change(one, one.low)} to ${change(one, one.high)}`,
        chip(one.answer)] })),
    empty: 'No figure is in both.',
  });
}

export function comparisonTables(model) {
  const canaries = Object.entries(model.canary ?? {}).map(([control, { canary, comparison }]) =>
    comparisonTable(comparison, `Canary ${canary}`, control, canary));
  const baseline = model.comparison ? [comparisonTable(model.comparison, 'Baseline', model.comparison.a, 'this run')] : [];
  return [...canaries, ...baseline];
}

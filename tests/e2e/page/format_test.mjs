// What the report page writes of figures, without a browser.
//
//   node format_test.mjs FOLDER_OF_PAGE

import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const page = pathToFileURL(join(resolve(process.argv[2] ?? '.'), '/')).href;
const { budget, decimalsOf, share, spent } = await import(`${page}format.js`);
const { faultWords, meaning, okTile } = await import(`${page}head.js`);
const plain = (text) => text.replaceAll('\u202f', ' ');

assert.equal(plain(spent(0)), '0 %');
assert.equal(plain(spent(5 / 259200)), '0.00193 %');
assert.equal(plain(spent(0.29)), '29 %');
assert.equal(plain(spent(0.9996)), '100 %');
// Of what was reached, the same as the program's percent(): down, to two digits or as many as the goal has.
assert.equal(plain(share(0.9875)), '98.75 %');
assert.equal(plain(share(0.99999)), '99.99 %');
assert.equal(plain(share(0.29)), '29 %');
assert.equal(plain(share(1)), '100 %');
assert.equal(plain(share(0)), '0 %');
assert.equal(plain(share(0.6599, 0)), '65 %');
assert.equal(decimalsOf(0.99), 2);
assert.equal(decimalsOf(0.99999), 3);
assert.equal(plain(share(0.9999, decimalsOf(0.99999))), '99.99 %');
assert.equal(plain(budget(1.0001)), '101 %');
assert.equal(plain(budget(2.01)), '2.1\u00d7');
assert.equal(plain(budget(10.2)), '11\u00d7');
assert.equal(budget(null), 'over');

// 1000 were due: what was never sent is not ok, and named.
const ok = okTile([{ due: 900, ok: 500, errorTotal: 1, unsent: 390, shed: 9 }, { due: 100, ok: 100 }]);
assert.equal(plain(ok.value), '60 %');
assert.equal(ok.words, '1 error, 390 unsent, 9 shed');
assert.equal(okTile([{ due: 10, ok: 10 }]).words, '0 errors');
assert.equal(okTile([]).words, 'nothing was due');

// A search judges its objectives itself: nothing is said of their having been met.
const passed = { means: 'Every objective was met.' };
assert.equal(meaning({ verdict: 'pass', objectives: [{}] }, passed), passed.means);
assert.match(meaning({ verdict: 'pass', objectives: [], capacity: {} }, passed), /^The search has an answer/);
assert.match(meaning({ verdict: 'pass', objectives: [] }, passed), /^No objective was set/);

// Of what failed it is told what did: not always an objective.
const failed = { means: 'An objective was missed.' };
assert.equal(meaning({ verdict: 'fail', objectives: [{ met: true }, { met: false }], reasons: ['a'] }, failed), failed.means);
assert.equal(meaning({ verdict: 'fail', objectives: [], reasons: ['a'] }, failed), 'No objective was set; the run failed for the reason above.');
assert.equal(meaning({ verdict: 'fail', objectives: [{ met: true }], reasons: ['a', 'b'] }, failed), 'No objective was missed; the run failed for the reasons above.');
assert.equal(meaning({ verdict: 'fail', objectives: [{ met: false }], capacity: {}, reasons: ['a'] }, failed), 'The run failed for the reason above.');

// Planned to end at 10 s, ended at 4 s: not as planned, but a search undoes a fault when it needs it no more.
const fault = { happened: true, state: 'undone', planned: { to_s: 10 }, actual: { to_s: 4 } };
assert.equal(faultWords({ faults: [] }), 'in the scenario');
assert.equal(faultWords({ faults: [fault] }), 'happened, not all as planned');
assert.equal(faultWords({ faults: [fault], capacity: {} }), 'happened, as the search asked');
assert.equal(faultWords({ faults: [{ ...fault, state: 'ineffective' }], capacity: {} }), 'happened, 1 ineffective');
assert.equal(faultWords({ faults: [{ ...fault, state: 'failed' }], capacity: {} }), 'happened, not all as asked');
const kept = { ...fault, actual: { to_s: 10 } };
assert.equal(faultWords({ faults: [kept, kept] }), 'happened as planned');
assert.equal(faultWords({ faults: [kept, { ...kept, state: 'ineffective' }] }), 'happened, 1 ineffective');
assert.equal(faultWords({ faults: [{ ...kept, state: 'ineffective' }, { happened: false, state: 'skipped' }] }), 'of 2 happened, 1 ineffective');
assert.equal(faultWords({ faults: [fault, { happened: false }] }), 'of 2 happened');

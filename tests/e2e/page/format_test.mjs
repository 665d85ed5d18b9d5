// What the report page writes of figures, without a browser.
//
//   node format_test.mjs FOLDER_OF_PAGE

import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const page = pathToFileURL(join(resolve(process.argv[2] ?? '.'), '/')).href;
const { budget, spent } = await import(`${page}format.js`);
const { okTile } = await import(`${page}head.js`);
const plain = (text) => text.replaceAll('\u202f', ' ');

assert.equal(plain(spent(0)), '0 %');
assert.equal(plain(spent(5 / 259200)), '0.00193 %');
assert.equal(plain(spent(0.29)), '29 %');
assert.equal(plain(spent(0.9996)), '100 %');
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

// Opens every sample report in a real Chromium, from file://, as a reader would.
//
//   node page_test.mjs FOLDER_OF_SAMPLES
//
// SQUALL_PAGE_SHOTS=FOLDER also saves screenshots and the printed page as PDF there.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';

const BROWSER = process.env.SQUALL_CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const SIZES = [{ width: 1440, height: 900 }, { width: 400, height: 800 }];

const folder = resolve(process.argv[2] ?? '.');
const shots = process.env.SQUALL_PAGE_SHOTS;
const only = process.env.SQUALL_PAGE_ONLY?.split(',');

if (!existsSync(BROWSER)) {
  console.error(`No browser at ${BROWSER}: install Debian's package "chromium", or set SQUALL_CHROMIUM.`);
  process.exit(1);
}
const samples = readdirSync(folder).filter((name) => name.endsWith('.html')).map((name) => basename(name, '.html'))
  .filter((name) => !only || only.includes(name));
if (samples.length === 0) {
  console.error(`No sample reports in ${folder}.`);
  process.exit(1);
}

/** What must be on the page of a sample beyond what holds for all. */
const EXPECTED = {
  smoke: { charts: ['Rate', 'Errors', 'Latency', 'Latency heat map', 'Latency by percentile'], bands: ['kill-one'], verdict: 'Pass',
    text: ['web.1', 'down 0.38', 'SIGKILL to 1 of service web', 'every objective was met'] },
  stall: { charts: ['Rate', 'Latency', 'Latency heat map', 'Latency by percentile'], bands: ['freeze'], verdict: 'Fail',
    text: ['error budget spent', 'fast is missed', 'Baseline', '+12.0', 'other kernel'] },
  'nothing-listening': { charts: ['Rate', 'Errors', 'Latency'], bands: [], verdict: 'Fail', text: ['no connection could be made', '1,600'] },
  'two-loads': { charts: ['Rate', 'Errors', 'Latency', 'Latency heat map', 'Path: round trip', 'Path: lost packets', 'Path: congestion window', 'Latency by percentile'], bands: ['slow-uplink', 'lossy-uplink'], verdict: 'Residue',
    text: ['restart-origin', 'delete qdisc on eth0', 'misses smooth', 'POST /basket/${user}/items', '[2001:db8::17]:443', 'Health of the generator', 'Warning: players', 'per lost connection'] },
  'hour-long': { charts: ['Rate', 'Errors', 'Latency', 'Latency heat map'], bands: ['flap'], verdict: 'Pass', text: ['1 h 0 min'] },
  'one-request': { charts: ['Rate', 'Latency', 'Latency heat map'], bands: [], verdict: 'Pass', text: ['12.5 ms', 'status 204'] },
  aborted: { charts: [], bands: [], verdict: 'Aborted', text: ['Nothing was due', 'not measured', 'SIGINT'] },
  'hostile-names': { charts: ['Rate', 'Latency'], bands: [], verdict: 'Invalid', text: ['<script>window.broken = 1</script>', '日本語', '<b>asked</b>'] },
  matrix: { charts: ['Rate', 'Latency'], bands: ['one-gone'], verdict: 'Aborted',
    text: ['Capacity under faults', '66 % (64 % to 69 %)', 'at least 80 %', 'web.2 (pid 4712) ended', 'one-gone: verified', 'slow-uplink: not verified', 'cut short', 'one-gone: its probes'] },
};

async function open(browser, sample, size, colorScheme) {
  const context = await browser.newContext({ viewport: size, colorScheme, reducedMotion: 'reduce', hasTouch: size.width < 500 });
  const page = await context.newPage();
  const troubles = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && troubles.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
  page.on('request', (request) => request.url().startsWith('file:') || troubles.push(`request: ${request.url()}`));
  await page.goto(pathToFileURL(join(folder, `${sample}.html`)).href);
  await page.waitForSelector('main footer, footer');
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return { context, page, troubles };
}

/** The charts that can be seen, with how much is drawn in each. */
const chartsOf = (page) => page.evaluate(() =>
  [...document.querySelectorAll('.load:not([hidden]) .chart')].map((chart) => {
    const drawing = chart.querySelector('svg:not(.swatch)');
    const box = drawing?.getBoundingClientRect();
    const shapes = [...(drawing?.querySelectorAll('path, rect, circle') ?? [])]
      .filter((shape) => shape.getBoundingClientRect().width + shape.getBoundingClientRect().height > 0).length;
    return { title: chart.querySelector('h4').textContent, shapes, width: box?.width ?? 0, height: box?.height ?? 0,
      label: chart.querySelector('[role=img]')?.getAttribute('aria-label') ?? '', said: drawing?.textContent ?? '' };
  }));

async function check(browser, sample, size, scheme) {
  const expected = EXPECTED[sample] ?? { charts: [], bands: [], text: [] };
  const { context, page, troubles } = await open(browser, sample, size, scheme);
  try {
    if (shots) {
      mkdirSync(shots, { recursive: true });
      await page.screenshot({ path: join(shots, `${sample}-${size.width}-${scheme}.png`), fullPage: true });
    }
    assert.deepEqual(troubles, [], 'the page is quiet and fetches nothing');
    const body = (await page.textContent('body')).replace(/\u202f/g, ' ');

    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0, 'the page does not scroll sideways');
    assert.equal(await page.textContent('.verdict .word'), expected.verdict);
    const visible = (await page.innerText('main')).replace(/\u202f/g, ' ').toLowerCase();
    for (const text of expected.text) assert.ok(visible.includes(text.toLowerCase()), `the page says "${text}"`);
    assert.ok(!/undefined|NaN|Infinity|\[object/.test(visible.replaceAll('undefined behaviour', '')), 'no figure is a hole');
    assert.equal(await page.evaluate(() => window.broken), undefined, 'no name became markup');
    assert.ok(body.length > 200);

    const charts = await chartsOf(page);
    for (const title of expected.charts) {
      const chart = charts.find((one) => one.title === title);
      assert.ok(chart, `there is a chart "${title}"`);
      assert.ok(chart.shapes >= 4 && chart.width > 250 && chart.height > 80, `"${title}" is drawn: ${JSON.stringify(chart)}`);
      assert.ok(chart.label.length > 20, `"${title}" has words for those who cannot see it`);
    }
    for (const band of expected.bands) {
      const lane = page.locator('.load:not([hidden]) .lane', { hasText: band }).first();
      assert.ok(await lane.isVisible(), `the lane of ${band} is seen`);
      const box = await lane.locator('.stretch').first().boundingBox();
      assert.ok(box && box.height > 5, `the band of ${band} is drawn in its lane`);
      if (size.width > 1000 && sample !== 'hour-long') {
        for (const chart of charts.filter((one) => one.title !== 'Latency by percentile')) {
          assert.ok(chart.said.includes(band), `"${chart.title}" names the band of ${band}`);
        }
      }
    }
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const brightness = background.match(/\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0) / 3;
    assert.ok(scheme === 'dark' ? brightness < 60 : brightness > 200, `${scheme} colours: ${background}`);
  } finally {
    await context.close();
  }
}

async function checkCursorZoomAndTheme(browser) {
  const { context, page, troubles } = await open(browser, 'stall', SIZES[0], 'light');
  const plot = page.locator('.chart', { has: page.locator('h4', { hasText: /^Latency$/ }) }).locator('.plot');
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  const x = (second) => box.x + 60 + ((second + 0.5) / 10) * (box.width - 116);
  await page.mouse.move(x(4), box.y + 60);
  assert.match(await page.textContent('.readout'), /second 4.*freeze/, 'the cursor says where it is and what is in force');
  assert.equal(await page.locator('.timeline .cursor:visible').count(), await page.locator('.timeline .plot').count(), 'all charts share the cursor');
  const p50 = await page.locator('.chart .key', { hasText: 'p50' }).locator('.value').textContent();
  assert.match(p50.replace(/\u202f/g, ' '), /^5\d\d ms$/, 'half of those due in the stalled second waited half a second');

  await page.mouse.down();
  await page.mouse.move(x(6), box.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.mouse.move(5, 5);
  assert.match((await page.textContent('.readout')).replace(/\u202f/g, ' '), /^4 s to 7 s$/, 'dragging zooms all charts');
  await page.getByRole('button', { name: 'Whole run' }).click();
  assert.match(await page.textContent('.readout'), /whole run/);
  await page.getByRole('button', { name: 'freeze' }).click();
  assert.match((await page.textContent('.readout')).replace(/\u202f/g, ' '), /s to/, 'a fault can be zoomed to');
  await page.keyboard.press('Escape');

  await page.locator('.timeline').focus();
  await page.keyboard.press('ArrowRight');
  assert.match(await page.textContent('.readout'), /second/, 'the cursor follows the keyboard');

  await page.getByRole('button', { name: 'Change to dark colours' }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  assert.deepEqual(troubles, []);
  await context.close();
}

async function checkLoadChoice(browser) {
  const { context, page } = await open(browser, 'two-loads', SIZES[0], 'light');
  assert.equal(await page.locator('.load:visible').getAttribute('aria-label'), 'Load players', 'the load that missed comes first');
  await page.getByRole('tab', { name: /browse/ }).click();
  assert.equal(await page.locator('.load:visible').getAttribute('aria-label'), 'Load browse');
  const rate = (await chartsOf(page)).find((chart) => chart.title === 'Rate');
  assert.ok(rate.width > 900, 'a chosen load is drawn at full width');
  await context.close();
}

async function checkPaper(browser, sample) {
  const { context, page, troubles } = await open(browser, sample, SIZES[0], 'dark');
  const pdf = await page.pdf({ format: 'A4', preferCSSPageSize: true, path: shots ? join(shots, `${sample}.pdf`) : undefined });
  assert.ok(pdf.length > 20_000, 'something was printed');
  assert.ok(!(await page.evaluate(() => document.documentElement.classList.contains('printing'))), 'printing leaves no trace');
  assert.deepEqual(troubles, []);

  // The same by hand, to look at what the printer saw.
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  assert.equal(await page.locator('.toolbar:visible').count(), 0, 'nothing to click on paper');
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light', 'paper is light');
  const hidden = await page.locator('.load[hidden]').count();
  assert.equal(hidden, 0, 'every load is printed');
  const charts = await chartsOf(page);
  for (const chart of charts) assert.ok(chart.width < 700 && chart.shapes >= 3, `"${chart.title}" is drawn to the width of the paper: ${chart.width}`);
  await context.close();
}

let failed = 0;
// Each launch has a new, empty profile of its own, which goes with the browser.
const browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS, headless: true });
const run = async (what, body) => {
  try {
    await body();
    console.log(`ok    ${what}`);
  } catch (error) {
    ++failed;
    console.log(`FAIL  ${what}\n      ${String(error.message).split('\n').slice(0, 12).join('\n      ')}`);
  }
};
try {
  for (const sample of samples) {
    for (const size of SIZES) {
      for (const scheme of ['light', 'dark']) {
        await run(`${sample} at ${size.width} pixels, ${scheme}`, () => check(browser, sample, size, scheme));
      }
    }
  }
  if (!only) {
    await run('one cursor, zoom and theme for all charts', () => checkCursorZoomAndTheme(browser));
    await run('several loads, one at a time', () => checkLoadChoice(browser));
  }
  for (const sample of samples.filter((name) => ['smoke', 'two-loads'].includes(name))) {
    await run(`${sample} on paper`, () => checkPaper(browser, sample));
  }
} finally {
  await browser.close();
}
console.log(failed === 0 ? 'all pages are as they should be' : `${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

// Opens a page in a real Chromium that may speak nothing but QUIC to it, and prints what it saw.
//
//   node quic_client.mjs URL CERTIFICATE_PEM
//
// Prints JSON: {"protocols": [...], "statuses": [...], "bytes": N, "uploaded": STATUS}.

import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { chromium } from 'playwright-core';

const [url, certificate] = process.argv.slice(2);
const { origin, host } = new URL(url);
// Chromium takes a certificate of no known authority for QUIC only where its key is named.
const key = new X509Certificate(readFileSync(certificate)).publicKey.export({ type: 'spki', format: 'der' });
const browser = await chromium.launch({
  executablePath: process.env.SQUALL_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--enable-quic', `--origin-to-force-quic-on=${host}`,
    `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`],
});
try {
  const page = await browser.newPage();
  await page.goto(url);
  const seen = await page.evaluate(async (base) => {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => fetch(`${base}/?n=${i}`)));
    const big = await (await fetch(`${base}/big`)).arrayBuffer();
    const upload = await fetch(`${base}/upload`, { method: 'POST', body: new Uint8Array(1_000_000) });
    return {
      protocols: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .map((entry) => entry.nextHopProtocol),
      statuses: answers.map((answer) => answer.status),
      bytes: big.byteLength,
      uploaded: upload.status,
    };
  }, origin);
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}

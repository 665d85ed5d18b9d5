// Bundles the report page: scripts, charts and style into one HTML frame, and that into a C++ source.
//
//   node bundle.mjs OUT.cc [OUT.html]

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const [sourceFile, htmlFile] = process.argv.slice(2);
if (!sourceFile) {
  console.error('usage: node bundle.mjs OUT.cc [OUT.html]');
  process.exit(2);
}

let esbuild;
try {
  esbuild = await import('esbuild');
  createRequire(import.meta.url).resolve('echarts/core');
} catch (error) {
  console.error(`The report page needs npm's esbuild and echarts: run "npm ci" in the top folder.\n${error.message}`);
  process.exit(1);
}

async function bundle(entry) {
  const built = await esbuild.build({
    entryPoints: [join(here, entry)],
    bundle: true,
    minify: true,
    write: false,
    charset: 'ascii',
    format: 'iife',
    target: ['es2020'],
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"', __DEV__: 'false' },
  });
  return built.outputFiles[0].text.trim();
}

const style = await bundle('page.css');
const script = await bundle('main.js');
// Either would end or confuse the element that holds it (HTML 13.2.5.4).
for (const [what, text] of [['style', style], ['script', script]]) {
  if (/<\/(script|style)|<!--/i.test(text)) {
    console.error(`The bundled ${what} holds markup that would break the page.`);
    process.exit(1);
  }
}
const hash = 'sha256-' + createHash('sha256').update(script).digest('base64');

const frame = readFileSync(join(here, 'page.html'), 'utf8')
  .replace('{{SCRIPT_HASH}}', () => hash)
  .replace('{{STYLE}}', () => style)
  .replace('{{SCRIPT}}', () => script);
const [beforeTitle, rest] = frame.split('{{TITLE}}');
const [beforeData, end] = rest.split('{{DATA}}');

// A raw string literal takes any bytes but its own delimiter.
const literal = (text) => {
  if (text.includes(')squall_page"')) throw new Error('the page holds the literal delimiter');
  return `R"squall_page(${text})squall_page"`;
};
writeFileSync(sourceFile, `// Made by reports/html/page/bundle.mjs.
#include "reports/html/page_bytes.h"

namespace squall::reports {

PageBytes page_bytes() {
  return {${literal(beforeTitle)}, ${literal(beforeData)}, ${literal(end)}};
}

}  // namespace squall::reports
`);
if (htmlFile) writeFileSync(htmlFile, frame);

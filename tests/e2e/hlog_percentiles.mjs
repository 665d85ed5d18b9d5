// Reads a run's histograms.hlog as any HdrHistogram tool does, and checks that every figure which
// results.json gives of a latency comes out of it: node hlog_percentiles.mjs results.json histograms.hlog
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import process from "node:process";

const require = createRequire(import.meta.url);
const hdr = require("hdr-histogram-js");

const PERCENTILES = [["p50", 50], ["p90", 90], ["p95", 95], ["p99", 99], ["p99.9", 99.9], ["p99.99", 99.99]];
const HIGHEST_MICROS = 3_600_000_000;

/** All intervals of each tag, added up: tag -> histogram. */
function read_log(text) {
  const merged = new Map();
  const reader = new hdr.HistogramLogReader(text);
  for (let interval; (interval = reader.nextIntervalHistogram()) !== null; ) {
    if (!merged.has(interval.tag)) {
      merged.set(interval.tag, hdr.build({
        bitBucketSize: 64, lowestDiscernibleValue: 1, highestTrackableValue: HIGHEST_MICROS,
        numberOfSignificantValueDigits: 3,
      }));
    }
    merged.get(interval.tag).add(interval);
  }
  return merged;
}

/** What results.json says of one latency, against the log's histogram. */
function compare(tag, told, histogram) {
  const wrong = [];
  const check = (key, fromLog) => {
    if (told[key] !== fromLog) wrong.push(`${tag}: ${key} is ${told[key]} in results.json, ${fromLog} in the log`);
  };
  if (!histogram) return told.count === 0 ? [] : [`${tag}: ${told.count} values in results.json, none in the log`];
  check("count", histogram.totalCount);
  for (const [key, percent] of PERCENTILES) check(key, histogram.getValueAtPercentile(percent) / 1000);
  check("max", histogram.maxValue / 1000);
  return wrong;
}

function main(resultsFile, logFile) {
  const results = JSON.parse(readFileSync(resultsFile, "utf8"));
  const log = read_log(readFileSync(logFile, "utf8"));
  const wrong = [];
  let compared = 0;
  for (const [load, figures] of Object.entries(results.load)) {
    for (const [metric, told] of Object.entries(figures.latency_ms)) {
      const tag = metric === "response" ? load : `${load}.${metric}`;
      wrong.push(...compare(tag, told, log.get(tag)));
      log.delete(tag);
      compared += told.count > 0 ? 1 : 0;
    }
  }
  for (const tag of log.keys()) wrong.push(`${tag}: in the log, but not in results.json`);
  if (compared === 0) wrong.push("nothing was measured, so nothing was compared");
  for (const line of wrong) console.error(line);
  console.log(wrong.length === 0 ? `${compared} histograms agree` : `${wrong.length} differences`);
  return wrong.length === 0 ? 0 : 1;
}

if (process.argv.length !== 4) {
  console.error("usage: node hlog_percentiles.mjs results.json histograms.hlog");
  process.exit(2);
}
process.exit(main(process.argv[2], process.argv[3]));

// The page's data, brought into the shape in which it is drawn.

export const ERROR_CLASSES = {
  resolve: 'the name had no address',
  connect: 'no connection could be made',
  tls: 'the TLS handshake failed',
  timeout: 'no whole answer in time',
  reset: 'the stream was reset',
  closed: 'the connection ended under the request',
  goaway: 'the server went away first',
  protocol: 'the server broke the protocol',
  unexpected: 'a whole answer, but not the expected one',
  unsent: 'never sent: the load ended first',
};

const filled = (values, n) => Array.from({ length: n }, (_, i) => values?.[i] ?? 0);

function loadModel(name, result, detail) {
  const series = result.series ?? {};
  const n = series.t_s?.length ?? 0;
  // A second in which nothing was measured has no latency: null, not 0.
  const latency = (key) => Array.from({ length: n }, (_, i) => series[key]?.[i] ?? null);
  const classes = Object.entries(detail.errors ?? {}).map(([key, values]) => ({ key, values: filled(values, n) }));
  if ((series.unsent ?? []).some((x) => x > 0)) classes.push({ key: 'unsent', values: filled(series.unsent, n) });
  return {
    ...result,
    name,
    errorTotal: Object.values(result.errors ?? {}).reduce((a, b) => a + b, 0),
    t: series.t_s ?? [],
    planned: result.open ? filled(series.due_rate, n) : null,
    sentSeries: filled(series.sent, n),
    completedSeries: filled(series.completed, n),
    errorSeries: filled(series.errors, n),
    classes,
    p50: latency('p50'),
    p90: latency('p90'),
    p99: latency('p99'),
    p999: latency('p999'),
    max: latency('max'),
    roundTrip: latency('rtt_ms'),
    windowKib: latency('window_bytes').map((value) => (value === null ? null : value / 1024)),
    lostPackets: filled(series.packets_lost, n),
    heat: detail.heat ?? { edges_ms: [], rows: [] },
    percentiles: detail.percentiles ?? { response: [], service: [] },
    phases: result.phases ?? [],
  };
}

function faultModel(label, fault, length, hues) {
  if (!hues.has(fault.fault)) hues.set(fault.fault, hues.size);
  const happened = fault.actual !== null;
  const from = (fault.actual ?? fault.planned)?.from_s ?? null;
  const end = (fault.actual ?? fault.planned)?.to_s ?? null;
  // What has no length is a moment, however long the signal took.
  const instant = (fault.planned?.to_s ?? null) === null && (end === null || end - from < 0.5);
  return { ...fault, name: fault.fault, label, happened, from, to: instant ? from : end ?? (happened ? length : from), instant,
    hue: hues.get(fault.fault) % 5 };
}

/** A stretch in which a service did not answer: from its exit to its `restarted`, which comes when it is ready again. */
function serviceLanes(events, end) {
  const lanes = new Map();
  for (const event of events) {
    if (!event.kind.startsWith('service.')) continue;
    if (!lanes.has(event.subject)) lanes.set(event.subject, { name: event.subject, downs: [], marks: [], exits: 0 });
    const lane = lanes.get(event.subject);
    const what = event.kind.slice('service.'.length);
    lane.marks.push({ at: event.at_s, what, detail: event.detail });
    const open = lane.downs.at(-1);
    if (what === 'exited') {
      ++lane.exits;
      if (!open || open.to !== null) lane.downs.push({ from: event.at_s, to: null });
    } else if (what === 'restarted' && open && open.to === null) {
      open.to = event.at_s;
    } else if (what === 'stopped' && open && open.to === null) {
      open.to = Math.max(open.from, event.at_s);
    }
  }
  for (const lane of lanes.values()) {
    for (const down of lane.downs) {
      down.open = down.to === null;
      down.to ??= end;
    }
  }
  return [...lanes.values()].filter((lane) => lane.exits > 0);
}

export function readModel({ results, detail }) {
  const length = Math.max(1, detail.length_s ?? 0, results.duration_s ?? 0);
  const loads = Object.entries(results.load ?? {}).map(([name, load]) => loadModel(name, load, detail.loads?.[name] ?? {}));
  const hues = new Map();
  const faults = Object.entries(results.faults ?? {}).map(([label, fault]) => faultModel(label, fault, length, hues))
    .sort((a, b) => (a.from ?? Infinity) - (b.from ?? Infinity));
  const events = results.events ?? [];
  const objectives = Object.entries(results.objectives ?? {}).map(([name, objective]) => ({ name, ...objective }));
  const first = Math.min(0, ...loads.map((load) => load.t[0] ?? 0));
  const ends = [...loads.map((load) => (load.t.at(-1) ?? 0) + 1), ...faults.filter((f) => f.happened).map((f) => Math.ceil(f.to))];
  const missed = new Set(objectives.filter((o) => !o.met).map((o) => o.load));
  return {
    ...results,
    description: results.description ?? '',
    startedAt: new Date(results.started),
    loads,
    // A reader who opens a failed run wants the load that failed it.
    firstLoad: Math.max(0, loads.findIndex((load) => missed.has(load.name))),
    faults,
    events,
    services: serviceLanes(events, length),
    // A run that came to its own end stops too, and nobody needs a line for that.
    stops: ['pass', 'fail'].includes(results.verdict) ? [] : events.filter((event) => event.kind === 'run.stop'),
    objectives,
    guards: Object.entries(results.guards ?? {}).map(([name, guard]) => ({ name, ...guard })),
    probes: Object.entries(results.probes ?? {}).map(([name, probe]) => ({ name, ...probe })),
    steady: Object.entries(results.steady ?? {}).map(([name, state]) => ({ name, ...state })),
    agents: Object.entries(results.agents ?? {}).map(([name, agent]) => ({ name, ...agent })),
    // Half a second of draining is not worth an empty second at the end of every chart.
    span: { min: Math.floor(first), max: Math.max(Math.floor(first) + 1, Math.round(length), ...ends) },
  };
}

/** The faults that are in force at a moment of the timeline. */
export function inForce(model, second) {
  return model.faults.filter((f) => f.happened && f.from < second + 1 && f.to >= second);
}

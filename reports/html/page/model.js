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

function loadModel(name, result, detail, phases) {
  const series = result.series ?? {};
  const n = series.t_s?.length ?? 0;
  const latency = (key) => Array.from({ length: n }, (_, i) => detail[key]?.[i] ?? null);
  const classes = Object.entries(detail.errors ?? {}).map(([key, values]) => ({ key, values: filled(values, n) }));
  if ((detail.unsent ?? []).some((x) => x > 0)) classes.push({ key: 'unsent', values: filled(detail.unsent, n) });
  const total = Object.values(result.errors ?? {}).reduce((a, b) => a + b, 0);
  return {
    ...result,
    name,
    open: detail.open,
    errorTotal: total,
    t: series.t_s ?? [],
    planned: detail.open ? filled(detail.planned_rate, n) : null,
    dueSeries: filled(series.due, n),
    sentSeries: filled(series.sent, n),
    completedSeries: filled(series.completed, n),
    errorSeries: filled(series.errors, n),
    classes,
    p50: latency('p50_ms'),
    p90: latency('p90_ms'),
    p99: latency('p99_ms'),
    p999: latency('p999_ms'),
    max: latency('max_ms'),
    heat: detail.heat ?? { edges_ms: [], rows: [] },
    percentiles: detail.percentiles ?? { response: [], service: [] },
    phases: (result.phases ?? []).map((phase, i) => ({ ...phases?.[i], ...phase })),
  };
}

/** A stretch in which a service did not answer: from its exit to the moment it was ready again. */
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
    } else if (what === 'ready' && open && open.to === null) {
      open.to = event.at_s;
    } else if (what === 'stopped' && open && open.to === null) {
      open.to = Math.max(open.from, event.at_s);
    }
  }
  // Without a `ready` check the restart is all that is known.
  for (const lane of lanes.values()) {
    for (const down of lane.downs) {
      if (down.to !== null) continue;
      const restarted = lane.marks.find((mark) => mark.what === 'restarted' && mark.at >= down.from);
      down.to = restarted && !lane.marks.some((mark) => mark.what === 'ready') ? restarted.at : end;
      down.open = !restarted;
    }
  }
  return [...lanes.values()].filter((lane) => lane.exits > 0);
}

export function readModel({ results, detail }) {
  const length = Math.max(1, detail.length_s ?? 0, results.duration_s ?? 0);
  const loads = Object.entries(results.load ?? {}).map(([name, load]) =>
    loadModel(name, load, detail.loads?.[name] ?? {}, detail.phases?.[name]));
  const hues = new Map();
  const faults = (detail.faults ?? []).map((fault) => {
    if (!hues.has(fault.name)) hues.set(fault.name, hues.size);
    const happened = fault.from_s !== null;
    const from = happened ? fault.from_s : fault.planned_from_s;
    // What has no length is a moment, however long the signal took.
    const instant = fault.planned_to_s === null && (fault.to_s === null || fault.to_s - from < 0.5);
    const to = instant ? from : (happened ? fault.to_s ?? length : fault.planned_to_s ?? from);
    return { ...fault, happened, from, to, instant, hue: hues.get(fault.name) % 5 };
  });
  const events = detail.events ?? [];
  const objectives = (detail.objectives ?? []).map((objective) => ({
    ...(results.objectives?.[objective.name] ?? {}), ...objective }));
  const first = Math.min(0, ...loads.map((load) => load.t[0] ?? 0));
  const missed = new Set(objectives.filter((o) => !o.met).map((o) => o.load));
  return {
    ...results,
    description: detail.description ?? '',
    startedAt: new Date(results.started),
    loads,
    // A reader who opens a failed run wants the load that failed it.
    firstLoad: Math.max(0, loads.findIndex((load) => missed.has(load.name))),
    faults,
    events,
    services: serviceLanes(events, length),
    stops: events.filter((event) => event.kind === 'run.stop'),
    objectives,
    agents: Object.entries(results.agents ?? {}).map(([name, agent]) => ({ name, ...agent })),
    span: { min: Math.floor(first), max: Math.ceil(length - 1e-9) },
  };
}

/** The faults that are in force at a moment of the timeline. */
export function inForce(model, second) {
  return model.faults.filter((f) => f.happened && f.from < second + 1 && f.to >= second);
}

// The figures behind the charts.

import { h, svg, table } from './dom.js';
import { budget, bytes, count, moment, ms, rate, share, spent } from './format.js';
import { ERROR_CLASSES } from './model.js';

const LATENCIES = [['min', 'min'], ['mean', 'mean'], ['p50', 'p50'], ['p90', 'p90'], ['p95', 'p95'], ['p99', 'p99'], ['p99.9', 'p99.9'], ['p99.99', 'p99.99'], ['max', 'max']];
const METRICS = [
  ['response', 'response', 'due to end'],
  ['service', 'service', 'sent to end'],
  ['ttfb', 'first byte', 'sent to first byte'],
  ['lateness', 'lateness', 'due to sent with a stream free: the generator\u2019s own fault'],
  ['resolve', 'resolve', 'per connection'],
  ['connect', 'connect', 'per connection: TCP\u2019s, or over HTTP/3 QUIC\u2019s handshake with TLS in it'],
  ['tls', 'TLS handshake', 'per connection'],
  ['reconnect', 'reconnect', 'per lost connection: until its place is filled again'],
];

export function loadsTable(model) {
  const isMissing = model.loads.some((load) => load.missing > 0);
  const missing = (cell) => isMissing ? [cell] : [];
  return table({
    caption: 'Loads', text: [0, 1],
    note: 'due = ok + errors + unsent + shed. Unsent: never started, because the load ended first. Shed: older than the deadline when its turn came.'
      + (isMissing ? ' Missing: due by the schedule, but part of an agent that was lost, and told of by none; not counted in due.' : ''),
    head: ['Load', 'Target', 'due', 'sent', 'completed', 'ok', 'errors', 'unsent', 'shed', ...missing('missing'), 'rate due', 'rate completed', 'received', 'sent bytes'],
    rows: model.loads.map((load) => [load.name, `${load.target}, ${load.protocol}, ${load.open ? 'open' : 'closed'}`,
      count(load.due), count(load.sent), count(load.completed), count(load.ok), count(load.errorTotal), count(load.unsent), count(load.shed),
      ...missing(count(load.missing)),
      rate(load.rate?.due), rate(load.rate?.completed), bytes(load.bytes?.received), bytes(load.bytes?.sent)]),
    empty: 'The scenario offers no load.',
  });
}

export function latencyTable(load) {
  return table({
    caption: `Latencies of ${load.name}`, text: [0],
    head: ['', 'count', ...LATENCIES.map(([, name]) => name)],
    rows: METRICS.filter(([key]) => load.latency_ms?.[key]?.count > 0).map(([key, name, words]) => {
      const latency = load.latency_ms[key];
      return [h('span', { title: words }, name, h('span', { class: 'dim under' }, words)), count(latency.count), ...LATENCIES.map(([k]) => ms(latency[k]))];
    }),
    empty: 'Nothing was measured.',
  });
}

export function answersTable(load) {
  const all = load.sent || 1;
  const statuses = Object.entries(load.status ?? {}).map(([status, n]) => [`status ${status}`, 'a whole answer', count(n), share(n / all)]);
  const errors = Object.entries(load.errors ?? {}).filter(([, n]) => n > 0)
    .map(([key, n]) => [key, ERROR_CLASSES[key] ?? '', count(n), spent(n / all)]);
  const unsent = load.unsent > 0 ? [['unsent', ERROR_CLASSES.unsent, count(load.unsent), '']] : [];
  // Of connections and streams, not of requests: one that ends takes what is in flight with it.
  const quic = (load.quic_errors ?? []).map((error) => [
    error.code === null ? error.name : `${error.name} (0x${error.code.toString(16)})`,
    `QUIC: ${error.of === 'stream' ? 'a request\u2019s stream' : 'a connection'}${error.code === null ? '' : error.by === 'server' ? ', by the server' : ', by us'}${error.in_handshake > 0 ? `, ${error.in_handshake === error.count ? 'in the handshake' : `${count(error.in_handshake)} of them in the handshake`}` : ''}`,
    `${count(error.count)} ${error.of}${error.count === 1 ? '' : 's'}`, '']);
  return table({
    caption: `Answers and errors of ${load.name}`, text: [0, 1],
    head: ['', 'Meaning', 'requests', 'of those sent'],
    rows: [...statuses, ...errors, ...unsent, ...quic],
    empty: 'No answer came, and nothing was sent.',
  });
}

/** "+3.1 ms (×2.4)": what changed against the phase before the first fault. */
function change(now, before) {
  if (!(now > 0) || !(before > 0)) return '';
  const times = now / before;
  if (times > 0.95 && times < 1.05) return h('span', { class: 'delta' }, '\u2248');
  const worse = times > 1;
  const factor = times >= 10 ? times.toFixed(0) : times >= 1 ? times.toFixed(1) : times.toFixed(2);
  return h('span', { class: `delta ${worse ? 'worse' : 'better'}` }, `${worse ? '\u25b2' : '\u25bc'}\u202f\u00d7${factor}`);
}

export function phasesTable(load) {
  const [base] = load.phases;
  const with_ = (value, delta) => [value, delta ? [' ', delta] : ''];
  return table({
    caption: `Phases of ${load.name}`, text: [0],
    note: 'Whole seconds, by the second in which a request was due. \u25b2 slower and \u25bc faster than the first phase, by this factor.',
    head: ['Phase', 'from', 'to', 'due', 'ok', 'errors', 'p50', 'p90', 'p99', 'p99.9', 'max'],
    rows: load.phases.map((phase, i) => {
      const now = phase.latency_ms?.response ?? {};
      const then = i > 0 ? base.latency_ms?.response ?? {} : {};
      const cell = (key) => h('span', {}, ...with_(ms(now.count > 0 ? now[key] : null), change(now[key], then[key])));
      return { class: phase.name.startsWith('during') ? 'during' : '', cells: [phase.name, moment(phase.from_s), moment(phase.to_s), count(phase.due),
        phase.due > 0 ? share(phase.ok / phase.due) : '\u2013', count(phase.errors ?? 0),
        cell('p50'), cell('p90'), cell('p99'), cell('p99.9'), cell('max')] };
    }),
    empty: 'The run had no phases.',
  });
}

/** How the path to the server was in each phase; nothing where it was not HTTP/3. */
export function pathTable(load) {
  if (!load.path) return null;
  const rows = [['whole', load.path], ...load.phases.filter((phase) => phase.path && phase.name !== 'whole').map((phase) => [phase.name, phase.path])];
  return table({
    caption: `Path of ${load.name}`, text: [0],
    note: 'Smoothed round trip time and congestion window, on the mean of connections and seconds, and packets that did not arrive at the server, as far as an acknowledgement of a later one told: a black hole shows as time-outs, not as lost packets. By second above. ECT(0), ECT(1), CE: datagrams that came with these marks of ECN; CE is a router\u2019s word of congestion.',
    head: ['Phase', 'round trip', 'window', 'packets sent', 'lost', 'share', 'ECT(0)', 'ECT(1)', 'CE'],
    rows: rows.map(([name, path]) => [name, ms(path.rtt_ms), path.window_bytes === null ? '\u2013' : bytes(path.window_bytes), count(path.packets_sent), count(path.packets_lost),
      path.packets_sent > 0 ? share(path.packets_lost / path.packets_sent) : '\u2013', count(path.ecn?.ect0), count(path.ecn?.ect1), count(path.ecn?.ce)]),
  });
}

/** What became of an origin's word that it speaks HTTP/3, in each phase; nothing where there was none. */
export function alternativesTable(load) {
  if (!load.alternatives) return null;
  const rows = [['whole', load.alternatives], ...load.phases.filter((phase) => phase.alternatives && phase.name !== 'whole').map((phase) => [phase.name, phase.alternatives])];
  const length = (value) => (value === null ? '\u2013' : ms(value));
  return table({
    caption: `Way to HTTP/3 of ${load.name}`, text: [0],
    note: 'Connections to an origin that has said that it speaks HTTP/3: in answers (Alt-Svc), or by an HTTPS record of the DNS. Fell back: TCP was taken, because QUIC was not up in time; begun so much later for that, on the mean. Not tried: over TCP at once, because it had lately been so. Silent: given up over QUIC, after nothing had been heard for so long, on the mean. By second in results.json.',
    head: ['Phase', 'over HTTP/3', 'fell back', 'later by', 'not tried', 'went silent', 'silent for'],
    rows: rows.map(([name, way]) => [name, `${count(way.opened)}${way.by_https_record ? ` (${count(way.by_https_record)} by DNS)` : ''}`, count(way.fell_back), length(way.fell_back_after_ms), count(way.avoided), count(way.silent), length(way.silent_after_ms)]),
  });
}

const STATES = { undone: 'good', done: 'good', residue: 'bad', failed: 'bad', ineffective: 'bad' };

/** The groups of a load, "GET /" or "127.0.0.1:8443"; nothing where there is only one, which is the load. */
function groupsTable(caption, heading, groups, more, cells) {
  const entries = Object.entries(groups ?? {});
  if (entries.length < 2) return null;
  return table({
    caption, text: [0],
    head: [heading, 'ended', 'ok', 'errors', 'statuses', 'p50', 'p90', 'p99', 'p99.9', 'max', ...more],
    rows: entries.map(([name, group]) => {
      const errors = Object.values(group.errors ?? {}).reduce((a, b) => a + b, 0);
      const ended = group.ok + errors;
      const response = group.latency_ms?.response ?? {};
      const value = (key) => ms(response.count > 0 ? response[key] : null);
      return [name, count(ended), ended > 0 ? share(group.ok / ended) : '\u2013',
        errors > 0 ? h('span', { class: 'problem', title: Object.entries(group.errors).map(([key, n]) => `${key} ${count(n)}`).join(', ') }, count(errors)) : '0',
        Object.entries(group.status ?? {}).map(([status, n]) => h('div', { class: 'pair' }, `${count(n)} \u00d7 ${status}`)),
        value('p50'), value('p90'), value('p99'), value('p99.9'), value('max'), ...cells(group)];
    }),
  });
}

export function requestsTable(load) {
  return groupsTable(`Requests of ${load.name}`, 'Request', load.requests, [], () => []);
}

export function addressesTable(load) {
  return groupsTable(`Addresses of ${load.name}`, 'Address', load.addresses, ['opened', 'failed', 'lost'],
    (group) => ['opened', 'failed', 'lost'].map((key) => count(group.connections?.[key])));
}

export function faultsTable(model) {
  const time = (fault, span) => {
    if (!span || span.from_s === null) return '\u2013';
    return fault.instant || span.to_s === null ? `at ${moment(span.from_s, 3)}` : `${moment(span.from_s, 3)} to ${moment(span.to_s, 3)}`;
  };
  return table({
    caption: 'Faults', text: [0, 1, 2, 3, 4, 5, 6, 7],
    note: 'What was asked for, and what was read back from the system. Budget: the share of an objective\u2019s whole budget that was spent in the fault\u2019s phase.',
    head: ['Fault', 'State', 'Planned', 'Actual', 'On', 'Asked', 'Seen', 'Budget spent'],
    rows: model.faults.map((fault) => [
      h('span', { class: 'fault-name', style: { '--hue': `var(--fault-${fault.hue})` } }, fault.label),
      h('span', { class: `chip ${STATES[fault.state] ?? 'warn'}` }, fault.state),
      time(fault, fault.planned),
      time(fault, fault.actual),
      (fault.on ?? []).join(', ') || '\u2013', fault.verified?.asked || '\u2013',
      [fault.error ? [fault.verified?.seen ? `${fault.verified.seen}; ` : '', h('span', { class: 'problem' }, fault.error)] : fault.verified?.seen || '\u2013',
        Object.entries(fault.ready_again_ms ?? {}).map(([instance, after]) => h('div', { class: 'pair' }, `${instance} ready again after ${ms(after)}`))],
      Object.entries(fault.impact?.budget_spent ?? {}).map(([name, value]) => h('div', { class: 'pair' }, `${name} ${budget(value)}`))]),
    empty: 'The scenario breaks nothing.',
  });
}

export function connectionsTable(model) {
  const hasDatagrams = model.loads.some((load) => load.datagrams);
  return table({
    caption: 'Connections', text: [0],
    note: hasDatagrams ? 'Over HTTP/3 connect is the handshake of QUIC, with that of TLS in it. Dropped: the kernel had no room for datagrams that the generator had yet to read.' : undefined,
    head: ['Load', 'opened', 'failed', 'lost', 'not up at the end', 'connect p50', 'connect p99', 'TLS p50', 'TLS p99', ...(hasDatagrams ? ['datagrams', 'dropped'] : [])],
    rows: model.loads.map((load) => {
      const connect = load.latency_ms?.connect ?? {};
      const tls = load.latency_ms?.tls ?? {};
      const value = (latency, key) => ms(latency.count > 0 ? latency[key] : null);
      return [load.name, count(load.connections?.opened), count(load.connections?.failed), count(load.connections?.lost), count(load.connections?.given_up),
        value(connect, 'p50'), value(connect, 'p99'), value(tls, 'p50'), value(tls, 'p99'),
        ...(hasDatagrams ? [count(load.datagrams?.received), count(load.datagrams?.dropped)] : [])];
    }),
    empty: 'There was no load.',
  });
}

export function earlyDataTable(model) {
  const loads = model.loads.filter((load) => load.early_data);
  if (loads.length === 0) return null;
  return table({
    caption: 'Early data', text: [0, 6],
    note: 'Requests sent ahead of the end of a handshake (0-RTT), and those which the server did not take so, sent again after it. First answer: from the begin of the handshake, on the mean: early, after a handshake that resumed a session, and after a full one. Saved: against resumed ones, or where fewer than ten answered, against full ones; none where there are fewer than ten of either. Where all resumed ones go early, a second load without early_data gives the comparison. Over the whole run, faults included: it means something only in a run without faults.',
    head: ['Load', 'sent early', 'not taken', 'first answer early', 'resumed', 'full', 'Saved'],
    rows: loads.map(({ name, early_data: early }) => [name, count(early.sent), count(early.rejected + early.too_early),
      ms(early.first_answer_ms.early), ms(early.first_answer_ms.resumed), ms(early.first_answer_ms.full),
      early.saved_ms === null ? '\u2013' : `${ms(early.saved_ms)} (${early.saved_against})`]),
    empty: '',
  });
}

export function agentsTable(model) {
  const late = model.loads.map((load) => load.latency_ms?.lateness).filter((l) => l?.count > 0);
  const worst = late.reduce((a, l) => Math.max(a, l.p99), 0);
  return table({
    caption: 'Agents', text: [0, 1, 2, 3],
    note: 'Who offered the load and did the breaking. A busy processor or late requests would make the measurement doubtful.'
      + (late.length ? ` Lateness of the generator: p99 ${ms(worst)} at most.` : ''),
    head: ['Agent', 'State', 'Version', 'Labels', 'clock offset', 'CPU peak'],
    rows: model.agents.map((agent) => [agent.name,
      h('span', { class: `chip ${{ done: 'good', lost: 'bad', failed: 'bad' }[agent.state] ?? 'warn'}` }, agent.state),
      agent.version, Object.entries(agent.labels ?? {}).map(([k, v]) => `${k}=${v}`).join(', ') || '\u2013',
      ms(agent.clock_offset_ms), agent.cpu_peak === undefined ? '\u2013' : share(Number(agent.cpu_peak.toFixed(3)))]),
    empty: 'No agent took part.',
  });
}

/** A figure's seconds as a line, from 0 to its greatest; seconds without a figure leave a gap. */
function sparkline(values, words) {
  const known = values.filter((value) => value !== null && value !== undefined);
  const most = Math.max(0, ...known);
  const [width, height] = [120, 22];
  if (known.length < 2 || most === 0) return null;
  const x = (i) => (i / (values.length - 1)) * (width - 2) + 1;
  const y = (value) => height - 2 - (value / most) * (height - 4);
  let path = '';
  let pen = 'M';
  values.forEach((value, i) => {
    if (value === null || value === undefined) {
      pen = 'M';
      return;
    }
    path += `${pen}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = 'L';
  });
  return svg('svg', { class: 'spark', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': words },
    svg('path', { d: path, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5, 'stroke-linejoin': 'round' }));
}

const HEALTH = [
  ['cpu', 'CPU', (value) => share(Number(value.toFixed(3)))],
  ['lateness_max_ms', 'lateness', ms],
  ['descheduled_ms', 'descheduled', ms],
  ['throttled_ms', 'throttled', ms],
  ['backlog', 'backlog', count],
  ['descriptors', 'descriptors', count],
  ['ports', 'ports', (value) => share(Number(value.toFixed(4)))],
  ['clock_jump_ms', 'clock jump', ms],
];

export function healthTable(model) {
  const agents = model.agents.filter((agent) => agent.health?.t_s?.length > 0);
  return table({
    caption: 'Health of the generator', text: [0],
    note: 'The worst of each second over the run, and the greatest of all. CPU: of the busiest shard. Lateness: what requests waited because of the generator. '
      + 'Descheduled: a shard was ready to run and not let. Throttled: by a CPU quota. Ports: of those to one peer. A dash: the system does not tell.',
    head: ['Agent', ...HEALTH.map(([, name]) => name)],
    rows: agents.map((agent) => [agent.name, ...HEALTH.map(([key, name, words]) => {
      const values = agent.health[key] ?? [];
      const known = values.filter((value) => value !== null && value !== undefined);
      if (known.length === 0) return '\u2013';
      const most = words(Math.max(...known));
      return h('div', { class: 'health' }, sparkline(values, `${name} by second, up to ${most}`), h('span', {}, most));
    })]),
    empty: 'No agent told of its health.',
  });
}

export function eventsTable(model) {
  return table({
    caption: 'Events', text: [1, 2, 3, 4],
    head: ['at', 'What', 'Whom', 'Details', 'Seen by'],
    rows: model.events.map((event) => ({ class: /exited|failed|residue|ineffective|lost/.test(event.kind) ? 'alarm' : '',
      cells: [moment(event.at_s, 3), event.kind, event.subject, event.detail || '\u2013', event.agent || 'coordinator'] })),
    empty: 'Nothing was noted.',
  });
}


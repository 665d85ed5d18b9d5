// Numbers as people read them.

const NB = '\u202f'; // A narrow space that does not break, between figure and unit.

export function count(value) {
  if (value === null || value === undefined) return '\u2013';
  return Math.round(value).toLocaleString('en-US');
}

/** 1234 as "1.2k": for axes, where room is short. */
export function short(value) {
  const trim = (x) => String(Number(x.toFixed(1)));
  if (Math.abs(value) >= 1e6) return trim(value / 1e6) + 'M';
  if (Math.abs(value) >= 1e4) return trim(value / 1e3) + 'k';
  return Number(value.toFixed(2)).toLocaleString('en-US');
}

export function rate(value) {
  if (value === null || value === undefined) return '\u2013';
  const digits = value >= 100 || Number.isInteger(value) ? 0 : 1;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits }) + '/s';
}

/** Milliseconds to three digits in the unit that suits them. */
export function ms(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '\u2013';
  const three = (x) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));
  if (value === 0) return '0' + NB + 'ms';
  if (Math.abs(value) < 0.9995) return String(Math.round(value * 1000)) + NB + '\u00b5s';
  if (value < 999.5) return three(value) + NB + 'ms';
  if (value < 59_995) return three(value / 1000) + NB + 's';
  return length(value / 1000);
}

/** The round figures of a logarithmic axis: "1 ms", "50 µs", "2 s". */
export function msTick(value) {
  const trim = (x) => String(Number(x.toPrecision(3)));
  if (value < 0.9999) return trim(value * 1000) + NB + '\u00b5s';
  if (value < 999.9) return trim(value) + NB + 'ms';
  if (value < 59_999) return trim(value / 1000) + NB + 's';
  return trim(value / 60_000) + NB + 'min';
}

/** How many digits after the point tell a share exactly: 2 at least, 6 at most. As percent_decimals() of the program. */
export function decimalsOf(value) {
  for (let digits = 2; digits < 6; ++digits) {
    const scaled = value * 100 * 10 ** digits;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6) return digits;
  }
  return 6;
}

/** A share of what was reached, rounded down so that "100 %" means all. As percent() of the program, so that both say the same. */
export function share(value, digits = 2) {
  if (value === null || value === undefined) return '\u2013';
  const scale = 10 ** digits;
  return (Math.floor(value * 100 * scale + 1e-7) / scale).toLocaleString('en-US', { maximumFractionDigits: digits, useGrouping: false }) + NB + '%';
}

/** A share of what is bad or spent, to three digits and rounded up: only none is "0 %". As percent_up() of the program. */
export function spent(value) {
  if (value === null || value === undefined) return '\u2013';
  if (value <= 0) return '0' + NB + '%';
  return up(value * 100, Math.max(0, 2 - Math.floor(Math.log10(value * 100)))) + NB + '%';
}

function up(value, digits) {
  const scale = 10 ** digits;
  return (Math.ceil(value * scale * (1 - 1e-12)) / scale).toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** Several times a budget reads better as a multiple. Rounded up, as what is spent. */
export function budget(value) {
  if (value === null || value === undefined) return 'over';
  if (value >= 10) return up(value, 0) + '\u00d7';
  if (value > 2) return up(value, 1) + '\u00d7';
  return spent(value);
}

export function bytes(value) {
  if (value === null || value === undefined) return '\u2013';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  while (value >= 1024 && i + 1 < units.length) {
    value /= 1024;
    ++i;
  }
  return (i === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)) + NB + units[i];
}

/** A length in seconds: "18.2 s", "1 min 32 s", "1 h 0 min". */
export function length(seconds) {
  if (seconds === null || seconds === undefined) return '\u2013';
  if (seconds < 60) return String(Number(seconds.toFixed(seconds < 10 ? 2 : 1))) + NB + 's';
  const whole = Math.round(seconds);
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  if (h > 0) return `${h}${NB}h ${m}${NB}min`;
  const s = whole % 60;
  return s === 0 ? `${m}${NB}min` : `${m}${NB}min ${s}${NB}s`;
}

/** A length that somebody chose: "3 d", "6 h", "5 min"; others as length() has them. */
export function chosen(seconds) {
  for (const [unit, name] of [[86400, 'd'], [3600, 'h'], [60, 'min']]) {
    if (seconds >= unit && seconds % unit === 0) return `${seconds / unit}${NB}${name}`;
  }
  return length(seconds);
}

/** A forecast, to a tenth of the largest unit that fits: "3.9 d". */
export function roughly(seconds) {
  for (const [unit, name] of [[86400, 'd'], [3600, 'h'], [60, 'min']]) {
    if (seconds >= unit) return `${(seconds / unit).toFixed(1)}${NB}${name}`;
  }
  return length(seconds);
}

/** A moment of the timeline: "12 s", "1:30", "1:00:05". */
export function moment(seconds, digits = 0) {
  if (seconds === null || seconds === undefined) return '\u2013';
  const sign = seconds < 0 ? '\u2212' : '';
  const value = Math.abs(seconds);
  if (value < 120) return sign + value.toFixed(digits) + NB + 's';
  const two = (x) => String(x).padStart(2, '0');
  const rest = (value % 60).toFixed(digits).padStart(digits ? 3 + digits : 2, '0');
  const m = Math.floor(value / 60) % 60;
  const h = Math.floor(value / 3600);
  return sign + (h > 0 ? `${h}:${two(m)}:${rest}` : `${m}:${rest}`);
}

export function date(value) {
  if (Number.isNaN(value.getTime())) return '\u2013';
  const day = value.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  return `${day}, ${value.toISOString().slice(11, 19)} UTC`;
}

/** "2 errors", "1 error". */
export function some(value, one, many = one + 's') {
  return `${count(value)} ${value === 1 ? one : many}`;
}

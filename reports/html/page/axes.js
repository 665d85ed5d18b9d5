// Ticks of the axes. Logarithmic axes are drawn as linear ones over log10, which leaves the choice of
// ticks here.

const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];

/** Round moments between `min` and `max`, at most one per `room` pixels. */
export function timeTicks(min, max, width, room = 84) {
  const most = Math.max(2, Math.floor(width / room));
  const step = TIME_STEPS.find((s) => (max - min) / s <= most) ?? Math.ceil((max - min) / most / 3600) * 3600;
  const ticks = [];
  for (let t = Math.ceil(min / step) * step; t <= max + 1e-9; t += step) ticks.push(t);
  return ticks;
}

const ROUND = [1, 2, 5];

function roundedDown(value) {
  const decade = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return decade * ROUND.filter((r) => r * decade <= value * (1 + 1e-9)).at(-1);
}

function roundedUp(value) {
  const decade = 10 ** Math.floor(Math.log10(value) + 1e-9);
  const round = [...ROUND, 10].find((r) => r * decade >= value * (1 - 1e-9));
  return decade * round;
}

/** Extent and ticks, as log10, for values of which the smallest and largest are given. */
export function logAxis(smallest, largest, most = 9) {
  if (!(smallest > 0)) smallest = largest > 0 ? largest : 1;
  if (!(largest > 0)) largest = smallest;
  let low = roundedDown(smallest);
  let high = roundedUp(largest);
  if (high / low < 4) {
    low = roundedDown(low / 1.5);
    high = roundedUp(high * 1.5);
  }
  const all = [];
  for (let e = Math.floor(Math.log10(low) + 1e-9); e <= Math.ceil(Math.log10(high) - 1e-9); ++e) {
    for (const r of ROUND) {
      const value = r * 10 ** e;
      if (value >= low * 0.999 && value <= high * 1.001) all.push({ value, decade: r === 1 });
    }
  }
  const decades = all.filter((tick) => tick.decade);
  const chosen = all.length <= most || decades.length < 2 ? all : decades;
  const every = Math.ceil(chosen.length / (most + 1));
  return {
    min: Math.log10(low),
    max: Math.log10(high),
    ticks: chosen.filter((_, i) => i % every === 0).map((tick) => Math.log10(tick.value)),
  };
}

/** Extent and ticks from 0 for counts and rates. */
export function linearAxis(largest, most = 4) {
  if (!(largest > 0)) return { min: 0, max: 1, ticks: [0, 1] };
  let step = roundedUp(largest / most);
  if (largest >= 1 && step < 1) step = 1;
  const top = Math.ceil(largest / step - 1e-9) * step;
  const ticks = [];
  for (let i = 0; i * step <= top + step / 1e6; ++i) ticks.push(i * step);
  return { min: 0, max: top, ticks };
}

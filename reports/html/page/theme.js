// Colours live in page.css; charts read them from there, so that both always agree.

export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();

const KEY = 'squall-report-theme';
const listeners = new Set();

export const onThemeChange = (listener) => listeners.add(listener);
const tell = () => listeners.forEach((listener) => listener());

// Storage may be refused for files; the choice then lasts as long as the page.
function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Nothing depends on it.
  }
}

const dark = matchMedia('(prefers-color-scheme: dark)');

export const currentTheme = () => document.documentElement.dataset.theme ?? (dark.matches ? 'dark' : 'light');

export function startTheme() {
  const chosen = remembered();
  if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen;
  dark.addEventListener('change', tell);
}

export function toggleTheme() {
  document.documentElement.dataset.theme = currentTheme() === 'dark' ? 'light' : 'dark';
  remember(currentTheme());
  tell();
}

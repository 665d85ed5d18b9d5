// Makes elements. Text only ever goes in as text, so that no name in a scenario can become markup.

function make(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') Object.entries(value).forEach(([k, v]) => element.style.setProperty(k, v));
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

export function h(tag, attributes, ...children) {
  return make(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
  return make(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

/** A table in a box of its own, which scrolls sideways where the page is too narrow. */
export function table({ caption, note, head, rows, text = [0], empty = 'Nothing to show.' }) {
  const isText = (i) => text.includes(i);
  if (rows.length === 0) {
    return h('div', { class: 'table' }, h('h3', {}, caption), h('p', { class: 'note' }, empty));
  }
  return h('div', { class: rows.length <= 14 ? 'table whole' : 'table' },
    h('div', { class: rows.length > 40 ? 'scroll tall' : 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
      h('table', {},
        h('caption', {}, h('span', { class: 'caption' }, caption), note && h('span', { class: 'note' }, note)),
        h('thead', {}, h('tr', {}, head.map((cell, i) => h('th', { scope: 'col', class: isText(i) ? 'text' : 'number' }, cell)))),
        h('tbody', {}, rows.map((row) => h('tr', { class: row.class },
          (row.cells ?? row).map((cell, i) => (i === 0
            ? h('th', { scope: 'row', class: 'text' }, cell)
            : h('td', { class: isText(i) ? 'text' : 'number' }, cell)))))))));
}

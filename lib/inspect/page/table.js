// @ts-check
/**
 * The table of files. Draws the page once everything is defined.
 */

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {(file: LayerFile) => string | number} of
 * @property {'ascending' | 'descending'} first the order that a first click gives
 * @property {string} [class]
 */

/** @type {Column[]} */
const COLUMNS = [
  { name: 'Size', of: (file) => file.size, first: 'descending', class: 'size' },
  { name: 'File', of: (file) => file.path, first: 'ascending' },
  { name: 'Package', of: owned, first: 'ascending' },
  { name: 'Reason', of: (file) => file.why, first: 'ascending' },
];
/** @type {{ column: Column, direction: 'ascending' | 'descending' }} */
let order = { column: COLUMNS[0], direction: 'descending' };
let rows = pageOfRows();

/** @returns {NodeListOf<HTMLElement>} */
const rowLinks = () => document.querySelectorAll('#rows .link');

function sorted() {
  const { column, direction } = order;
  const sign = direction === 'ascending' ? 1 : -1;
  /**
   * @template {string | number} T
   * @param {T} a
   * @param {T} b
   */
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return [...matching].sort((a, b) => sign * compare(column.of(a), column.of(b)) || compare(a.path, b.path));
}

const heads = COLUMNS.map((column) => {
  const head = make('th', { scope: 'col', class: column.class }, make('button', {
    type: 'button',
    onclick: () => {
      const isSame = order.column === column;
      order = { column, direction: !isSame ? column.first : order.direction === 'ascending' ? 'descending' : 'ascending' };
      drawRows();
    },
  }, column.name));
  $('columns').append(head);
  return head;
});

function drawRows() {
  for (const [index, column] of COLUMNS.entries()) {
    if (column === order.column) heads[index].setAttribute('aria-sort', order.direction);
    else heads[index].removeAttribute('aria-sort');
  }
  const all = sorted();
  $('rows').replaceChildren(...all.slice(0, rows).map((file) => make(
    'tr', { 'data-file': file.id, 'class': file === chosen ? 'chosen' : undefined },
    make('td', { class: 'size' }, bytes(file.size)),
    make('td', {},
      make('button', { class: 'link path', type: 'button', onclick: () => choose(file, true) }, file.path),
      make('div', { class: 'soft narrow' }, `${owned(file)}, ${file.why}`)),
    make('td', {}, owned(file)),
    make('td', {}, file.why))));
  $('more').hidden = all.length <= rows;
  $('more').textContent = `Show ${Math.min(pageOfRows(), all.length - rows)} more of ${all.length}`;
}

$('more').addEventListener('click', () => {
  const before = rows;
  rows += pageOfRows();
  drawRows();
  rowLinks()[before]?.focus();
});
$('rows').addEventListener('keydown', (event) => {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  const links = [...rowLinks()];
  const at = links.findIndex((link) => link === event.target);
  if (step === 0 || at < 0) return;
  event.preventDefault();
  (links[at + step] ?? (step < 0 ? $('search') : links[at])).focus();
});

let width = 0;
new ResizeObserver(() => {
  if (innerWidth === width) return;
  width = innerWidth;
  drawMap();
  connectGraphs();
}).observe(document.body);
drawMap();
drawOne();
drawRows();

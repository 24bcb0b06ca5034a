// @ts-check
/**
 * The treemap: files as tiles, grouped. d3-hierarchy is loaded before and defines `d3`.
 */

/** @returns {NodeListOf<HTMLElement>} */
const tiles = () => document.querySelectorAll('.tile');

const firstSteps = beginnings();
/** @type {Record<string, (file: LayerFile) => string>} */
const GROUPINGS = {
  'Package': owned,
  'Directory': (file) => file.directory,
  'First step': (file) => {
    const [first, second] = firstSteps.get(file) ?? [file];
    return second ? `${first.label} → ${second.label}` : first.label;
  },
};
let grouping = 'Package';
for (const name of Object.keys(GROUPINGS)) {
  const input = make('input', { type: 'radio', name: 'grouping', value: name });
  input.checked = name === grouping;
  input.addEventListener('change', () => {
    grouping = name;
    drawMap();
  });
  $('grouping').append(make('label', {}, input, name));
}
for (const [kind, name] of Object.entries(KINDS)) {
  const some = files.filter((file) => file.kind === kind);
  $('legend').append(make('li', {}, make('i', { class: kind }), `${name} ${bytes(sum(some))} in ${plural(some.length, 'file')}`));
}

function drawMap() {
  const map = $('treemap');
  /** @type {Map<string, LayerFile[]>} */
  const groups = new Map();
  for (const file of files) {
    const name = GROUPINGS[grouping](file);
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    group.push(file);
  }
  const tree = { children: [...groups].map(([name, children]) => ({ name, children })) };
  const root = d3.hierarchy(tree).sum(({ size = 0 }) => size).sort((a, b) => b.value - a.value);
  /** @param {d3.Node} node */
  const isNamed = (node) => node.depth === 1 && node.value / root.value > 0.006;
  d3.treemap().size([map.clientWidth, map.clientHeight]).round(true).paddingInner((node) => (node.depth === 0 ? 2 : 1))
    .paddingTop((node) => (isNamed(node) ? 18 : 0))(root);
  /**
   * @param {HTMLElement} element
   * @param {d3.Node} node
   */
  const place = (element, { x0, y0, x1, y1 }) => {
    Object.assign(element.style, { left: `${x0}px`, top: `${y0}px`, width: `${x1 - x0}px`, height: `${y1 - y0}px` });
  };
  const drawn = [];
  for (const group of root.children ?? []) {
    if (isNamed(group)) {
      const label = `${group.data.name}  ${bytes(group.value)}`;
      const element = make('div', { 'class': 'group', 'aria-hidden': 'true', 'title': label }, make('span', {}, label));
      place(element, group);
      drawn.push(element);
    }
    for (const leaf of group.children ?? []) {
      const [wide, high] = [leaf.x1 - leaf.x0, leaf.y1 - leaf.y0];
      if (wide < 2 || high < 2) continue;
      const file = /** @type {LayerFile} */ (leaf.data);
      const label = `${file.label}, ${bytes(file.size)}, ${owned(file)}, ${file.why}`;
      const tile = make('button', {
        'class': `tile ${file.kind}`,
        'type': 'button',
        'tabindex': '-1',
        'data-file': file.id,
        'aria-label': label,
        'title': label,
        'onclick': () => choose(file),
      });
      if (wide > 44 && high > 17) tile.append(make('span', {}, file.label));
      if (wide > 44 && high > 32) tile.append(make('span', {}, bytes(file.size)));
      tile.classList.toggle('chosen', file === chosen);
      tile.classList.toggle('out', !matches(file));
      place(tile, leaf);
      drawn.push(tile);
    }
  }
  map.replaceChildren(...drawn);
  map.querySelector('.tile')?.setAttribute('tabindex', '0');
}

/**
 * The arrow keys go to the tile whose middle is nearest in their direction.
 *
 * @type {Record<string, [number, number]>}
 */
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
$('treemap').addEventListener('keydown', (event) => {
  const direction = DIRECTIONS[event.key];
  const from = /** @type {HTMLElement} */ (event.target).closest('.tile');
  if (!direction || !(from instanceof HTMLElement)) return;
  event.preventDefault();
  /** @param {HTMLElement} tile */
  const middle = (tile) => [tile.offsetLeft + tile.offsetWidth / 2, tile.offsetTop + tile.offsetHeight / 2];
  const [x, y] = middle(from);
  /** @type {{ tile: HTMLElement, distance: number } | undefined} */
  let best;
  for (const tile of tiles()) {
    const [dx, dy] = [middle(tile)[0] - x, middle(tile)[1] - y];
    const [along, aside] = direction[0] !== 0 ? [dx * direction[0], Math.abs(dy)] : [dy * direction[1], Math.abs(dx)];
    if (tile === from || along < 1) continue;
    const distance = along + 3 * aside;
    if (!best || distance < best.distance) best = { tile, distance };
  }
  best?.tile.focus();
});
$('treemap').addEventListener('focusin', ({ target }) => {
  for (const tile of document.querySelectorAll('.tile[tabindex="0"]')) tile.setAttribute('tabindex', '-1');
  /** @type {HTMLElement} */ (target).setAttribute('tabindex', '0');
});

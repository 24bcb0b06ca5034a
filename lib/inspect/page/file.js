// @ts-check
/**
 * One file: what led to it, what needs it, and what it needs.
 */

function drawOne() {
  const file = chosen;
  const gone = alone(file);
  const others = gone.length > 1 ? `, with ${plural(gone.length - 1, 'file')} that nothing else needs` : '';
  const facts = [
    ['Path', make('span', { class: 'path' }, `/opt/elf/${layer.key}${file.path}`)],
    ['Size', `${bytes(file.size)}, ${bytes(file.packed)} in the zip`],
    ...(file.unpacked > 0 ? [['Compressed', `${bytes(file.unpacked)} in /tmp, unpacked at a program's first start`]] : []),
    ['Package', owned(file)],
    ['Reason', file.why],
    ['Without it', `${bytes(sum(gone))} less${others}`],
  ];
  /** @param {LayerFile} step */
  const link = (step) => make('button', { class: 'link', type: 'button', onclick: () => choose(step, true) }, step.label);
  const steps = chain(file).map((step) => make('li', {},
    step === file ? make('strong', {}, step.label) : link(step),
    make('small', {}, step.why)));
  /** @param {number[]} ids */
  const near = (ids) => [...ids].map((id) => files[id]).sort((a, b) => b.size - a.size);
  const led = near(file.brought.filter((id) => !file.needs.includes(id)));
  $('one').replaceChildren(...[
    make('h2', { id: 'one-title', tabindex: '-1' }, file.name),
    make('dl', { class: 'facts' }, ...facts.flatMap(([term, description]) => [make('dt', {}, term), make('dd', {}, description)])),
    make('h3', {}, 'Why it is in the layer'),
    make('ol', { class: 'chain' }, ...steps),
    make('h3', {}, `Needed by ${plural(file.neededBy.length, 'file')}`),
    graph(near(file.neededBy), file, 'neededBy'),
    make('h3', {}, `Needs ${plural(file.needs.length, 'file')}`),
    graph(near(file.needs), file, 'needs'),
    ...(led.length > 0 ? [make('h3', {}, `Led to ${plural(led.length, 'other file')}`), graph(led, file, 'needs')] : []),
  ]);
  connectGraphs();
}

/**
 * A file and its neighbours on one side: on the left those that need it, on the right those that it needs.
 *
 * @param {LayerFile[]} neighbours
 * @param {LayerFile} file
 * @param {'needs' | 'neededBy'} side
 */
function graph(neighbours, file, side) {
  if (neighbours.length === 0) return make('p', { class: 'none' }, 'none');
  const list = make('ul');
  const most = mostNeighbours();
  /** @param {LayerFile[]} some */
  const show = (some) => list.replaceChildren(...some.map((one) => make('li', {}, node(one))));
  show(neighbours.slice(0, most));
  const self = make('div', { class: 'node self' }, file.name);
  const drawing = make('div', { class: 'graph' }, ...(side === 'needs' ? [self, list] : [list, self]));
  drawing.dataset.side = side;
  if (neighbours.length > most) {
    list.append(make('li', {}, make('button', {
      class: 'plain',
      type: 'button',
      onclick: () => {
        show(neighbours);
        connect(drawing);
        /** @type {NodeListOf<HTMLElement>} */
        const nodes = list.querySelectorAll('.node');
        nodes[most].focus();
      },
    }, `… and ${neighbours.length - most} more`)));
  }
  return drawing;
}

/** @param {LayerFile} file */
function node(file) {
  const dot = make('i', { class: `dot ${file.kind}` });
  const size = make('small', {}, bytes(file.size));
  return make('button', { class: 'node', type: 'button', onclick: () => choose(file, true) }, dot, file.label, size);
}

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Draws the lines between a file and its neighbours.
 *
 * @param {HTMLElement} drawing
 */
function connect(drawing) {
  drawing.querySelector('svg')?.remove();
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('aria-hidden', 'true');
  const at = drawing.getBoundingClientRect();
  const self = /** @type {Element} */ (drawing.querySelector('.self')).getBoundingClientRect();
  for (const other of drawing.querySelectorAll('li .node')) {
    const box = other.getBoundingClientRect();
    const [left, right] = drawing.dataset.side === 'needs' ? [self, box] : [box, self];
    const [x1, y1] = [left.right - at.left, left.top + left.height / 2 - at.top];
    const [x2, y2] = [right.left - at.left, right.top + right.height / 2 - at.top];
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', `M${x1} ${y1} C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`);
    svg.append(path);
  }
  drawing.append(svg);
}

function connectGraphs() {
  /** @type {NodeListOf<HTMLElement>} */
  const graphs = document.querySelectorAll('.graph');
  for (const drawing of graphs) connect(drawing);
}

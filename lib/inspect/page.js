/*
 * The page of a layer: a treemap of its files, one of them with its chain and its neighbours, and all of them in a table.
 * Every text of the layer goes in as text. d3-hierarchy stands before this, the data in the element of that name.
 */
(() => {
  'use strict';
  const layer = JSON.parse(document.getElementById('data').textContent);
  const files = layer.files.map(([path, kind, size, packed, owner, why, through, needs], id) => ({
    id, path, kind, size, packed, why, needs, through,
    name: path.slice(path.lastIndexOf('/') + 1),
    directory: path.slice(0, path.lastIndexOf('/')) || '/',
    owner: owner < 0 ? undefined : layer.packages[owner],
    neededBy: [], brought: [],
  }));
  for (const file of files) {
    for (const need of file.needs) files[need].neededBy.push(file.id);
    if (file.through >= 0) files[file.through].brought.push(file.id);
    file.text = `${file.path} ${file.owner ? file.owner.name : ''} ${file.why}`.toLowerCase();
  }
  const programs = layer.programs.map(({ file }) => file);
  const KINDS = { program: 'Programs', library: 'Libraries', data: 'Data' };
  /** of rows that are drawn at once, and of neighbours that are shown before one asks for the rest */
  const MOST_ROWS = 200;
  const MOST_NEIGHBOURS = 8;
  const $ = (id) => document.getElementById(id);

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === 'onclick') element.addEventListener('click', value);
      else if (value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== undefined));
    return element;
  }

  function bytes(count) {
    return count < 1e3 ? `${count} B` : count < 1e5 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
  }

  const sum = (some) => some.reduce((total, { size }) => total + size, 0);
  const plural = (count, noun) => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
  const owned = (file) => (file.owner ? `${file.owner.name} ${file.owner.version}` : 'of no package');

  /** The files through which one came in, what was asked for first. */
  function chain(file) {
    const found = new Set();
    for (let at = file; at && !found.has(at); at = files[at.through]) found.add(at);
    return [...found].reverse();
  }

  /** Of each file the first two of its chain: in one pass, since a chain may be as long as the table. */
  function beginnings() {
    const found = new Map();
    for (const file of files) {
      const way = new Set();
      for (let at = file; at && !found.has(at) && !way.has(at); at = files[at.through]) way.add(at);
      for (const one of [...way].reverse()) {
        const [first, second = one] = found.get(files[one.through]) ?? [];
        found.set(one, first ? [first, second] : [one]);
      }
    }
    return found;
  }

  /** What nothing else needs or brought in: what would be gone without a file, itself included. */
  function alone(file) {
    const kept = new Set();
    const pending = files.filter((one) => one.through < 0 && one !== file);
    while (pending.length > 0) {
      const one = pending.pop();
      if (kept.has(one) || one === file) continue;
      kept.add(one);
      for (const next of [...one.needs, ...one.brought]) pending.push(files[next]);
    }
    return files.filter((one) => !kept.has(one));
  }

  // --- the head

  $('title').textContent = layer.programs.map(({ name }) => name).join(', ');
  $('about').textContent = [layer.zip, layer.machine, layer.distribution, plural(files.length, 'file'), plural(layer.packages.length, 'package'), `/opt/elf/${layer.key}`]
    .filter(Boolean).join(' · ');
  const said = (title, strong, ...more) => $('limits').append(make('div', {}, make('dt', {}, title), make('dd', {}, make('strong', {}, strong), ...more)));
  const { size, mostBytes, zipSize, mostDirect } = layer;
  const fill = make('span');
  fill.style.width = `${Math.min(100, (size / mostBytes) * 100)}%`;
  said('Unpacked', `${(size / 1e6).toFixed(1)} of ${(mostBytes / 1e6).toFixed(1)} MB`, ` ${Math.round((size / mostBytes) * 100) || '< 1'} %`,
    make('div', { class: size > 0.9 * mostBytes ? 'meter full' : 'meter' }, fill),
    make('span', { class: 'soft' }, 'that a function may have with all its layers, of which it may have five'));
  said('Zipped', bytes(zipSize), make('br'), make('span', { class: 'soft' }, zipSize > mostDirect ?
    `more than the ${(mostDirect / 1e6).toFixed(1)} MB that can be uploaded directly: it goes by way of S3, as with the CDK` :
    `of ${(mostDirect / 1e6).toFixed(1)} MB that can be uploaded directly`));

  // --- what is chosen and searched for

  let chosen = files[programs[0]];
  let words = [];
  let matching = files;
  const matches = (file) => words.every((word) => file.text.includes(word));

  function choose(file, focus) {
    chosen = file;
    drawOne();
    for (const element of document.querySelectorAll('.chosen')) element.classList.remove('chosen');
    for (const element of document.querySelectorAll(`[data-file="${file.id}"]`)) element.classList.add('chosen');
    if (focus) $('one-title').focus();
    if (focus && innerWidth <= 1000) $('one').scrollIntoView({ block: 'start' });
  }

  function search() {
    words = $('search').value.toLowerCase().split(/\s+/).filter(Boolean);
    matching = words.length === 0 ? files : files.filter(matches);
    $('matches').value = words.length === 0 ? '' : `${matching.length} of ${plural(files.length, 'file')}, ${bytes(sum(matching))}`;
    const found = new Set(matching);
    for (const tile of document.querySelectorAll('.tile')) tile.classList.toggle('out', !found.has(files[tile.dataset.file]));
    rows = MOST_ROWS;
    drawRows();
  }

  $('search').addEventListener('input', search);
  $('search').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && matching.length > 0) choose(sorted()[0], true);
    if (event.key === 'ArrowDown') document.querySelector('#rows .link')?.focus();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input[type=search]')) return;
    event.preventDefault();
    $('search').focus();
    $('search').select();
  });

  // --- the treemap

  const firstSteps = beginnings();
  const GROUPINGS = {
    Package: owned,
    Directory: (file) => file.directory,
    'First step': (file) => {
      const [first, second] = firstSteps.get(file);
      return second ? `${first.name} → ${second.name}` : first.name;
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
    const groups = new Map();
    for (const file of files) {
      const name = GROUPINGS[grouping](file);
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(file);
    }
    const tree = { children: [...groups].map(([name, children]) => ({ name, children })) };
    const root = d3.hierarchy(tree).sum(({ size = 0 }) => size).sort((a, b) => b.value - a.value);
    const isNamed = (node) => node.depth === 1 && node.value / root.value > 0.006;
    d3.treemap().size([map.clientWidth, map.clientHeight]).round(true).paddingInner((node) => (node.depth === 0 ? 2 : 1))
      .paddingTop((node) => (isNamed(node) ? 18 : 0))(root);
    const place = (element, { x0, y0, x1, y1 }) => Object.assign(element.style, { left: `${x0}px`, top: `${y0}px`, width: `${x1 - x0}px`, height: `${y1 - y0}px` });
    const drawn = [];
    for (const group of root.children) {
      if (isNamed(group)) {
        const label = `${group.data.name}  ${bytes(group.value)}`;
        const element = make('div', { class: 'group', 'aria-hidden': 'true', title: label }, make('span', {}, label));
        place(element, group);
        drawn.push(element);
      }
      for (const leaf of group.children) {
        const [width, height] = [leaf.x1 - leaf.x0, leaf.y1 - leaf.y0];
        if (width < 2 || height < 2) continue;
        const file = leaf.data;
        const label = `${file.name}, ${bytes(file.size)}, ${owned(file)}, ${file.why}`;
        const tile = make('button', { class: `tile ${file.kind}`, type: 'button', tabindex: '-1', 'data-file': file.id, 'aria-label': label, title: label, onclick: () => choose(file) });
        if (width > 44 && height > 17) tile.append(make('span', {}, file.name));
        if (width > 44 && height > 32) tile.append(make('span', {}, bytes(file.size)));
        tile.classList.toggle('chosen', file === chosen);
        tile.classList.toggle('out', !matches(file));
        place(tile, leaf);
        drawn.push(tile);
      }
    }
    map.replaceChildren(...drawn);
    map.querySelector('.tile')?.setAttribute('tabindex', '0');
  }

  /** The arrow keys go to the tile whose middle is nearest in their direction. */
  const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  $('treemap').addEventListener('keydown', (event) => {
    const direction = DIRECTIONS[event.key];
    const from = event.target.closest('.tile');
    if (!direction || !from) return;
    event.preventDefault();
    const middle = (tile) => [tile.offsetLeft + tile.offsetWidth / 2, tile.offsetTop + tile.offsetHeight / 2];
    const [x, y] = middle(from);
    let best;
    for (const tile of document.querySelectorAll('.tile')) {
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
    target.setAttribute('tabindex', '0');
  });

  // --- one file

  function drawOne() {
    const file = chosen;
    const gone = alone(file);
    const facts = [
      ['Path', make('span', { class: 'path' }, `/opt/elf/${layer.key}${file.path}`)],
      ['Size', `${bytes(file.size)}, ${bytes(file.packed)} in the zip`],
      ['Package', owned(file)],
      ['Why', file.why],
      ['Without it', `${bytes(sum(gone))} less${gone.length > 1 ? `, with ${plural(gone.length - 1, 'file')} that nothing else asks for` : ''}`],
    ];
    const steps = chain(file).map((step) => make('li', {},
      step === file ? make('strong', {}, step.name) : make('button', { class: 'link', type: 'button', onclick: () => choose(step, true) }, step.name),
      make('small', {}, step.why)));
    const near = (ids) => [...ids].map((id) => files[id]).sort((a, b) => b.size - a.size);
    const others = near(file.brought.filter((id) => !file.needs.includes(id)));
    $('one').replaceChildren(...[
      make('h2', { id: 'one-title', tabindex: '-1' }, file.name),
      make('dl', { class: 'facts' }, ...facts.flatMap(([term, said]) => [make('dt', {}, term), make('dd', {}, said)])),
      make('h3', {}, 'What brought it in'),
      make('ol', { class: 'chain' }, ...steps),
      make('h3', {}, `Needed by ${plural(file.neededBy.length, 'file')}`),
      graph(near(file.neededBy), file, 'neededBy'),
      make('h3', {}, `Needs ${plural(file.needs.length, 'file')}`),
      graph(near(file.needs), file, 'needs'),
      ...(others.length > 0 ? [make('h3', {}, `Brought in ${plural(others.length, 'other file')}`), graph(others, file, 'needs')] : []),
    ]);
    for (const one of $('one').querySelectorAll('.graph')) connect(one);
  }

  /** A file and its neighbours on one side: those that need it on the left, what it needs on the right. */
  function graph(neighbours, file, side) {
    if (neighbours.length === 0) return make('p', { class: 'none' }, 'none');
    const list = make('ul');
    const show = (some) => list.replaceChildren(...some.map((one) => make('li', {}, node(one))));
    show(neighbours.slice(0, MOST_NEIGHBOURS));
    const self = make('div', { class: 'node self' }, file.name);
    const drawing = make('div', { class: 'graph' }, ...(side === 'needs' ? [self, list] : [list, self]));
    drawing.dataset.side = side;
    if (neighbours.length > MOST_NEIGHBOURS) {
      list.append(make('li', {}, make('button', { class: 'plain', type: 'button', onclick: () => {
        show(neighbours);
        connect(drawing);
        list.querySelectorAll('.node')[MOST_NEIGHBOURS].focus();
      } }, `… and ${neighbours.length - MOST_NEIGHBOURS} more`)));
    }
    return drawing;
  }

  function node(file) {
    return make('button', { class: 'node', type: 'button', onclick: () => choose(file, true) }, make('i', { class: `dot ${file.kind}` }), file.name, make('small', {}, bytes(file.size)));
  }

  const SVG = 'http://www.w3.org/2000/svg';
  function connect(drawing) {
    drawing.querySelector('svg')?.remove();
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('aria-hidden', 'true');
    const at = drawing.getBoundingClientRect();
    const self = drawing.querySelector('.self').getBoundingClientRect();
    for (const other of drawing.querySelectorAll('li .node')) {
      const box = other.getBoundingClientRect();
      const [left, right] = drawing.dataset.side === 'needs' ? [self, box] : [box, self];
      const [x1, y1, x2, y2] = [left.right - at.left, left.top + left.height / 2 - at.top, right.left - at.left, right.top + right.height / 2 - at.top];
      const path = document.createElementNS(SVG, 'path');
      path.setAttribute('d', `M${x1} ${y1} C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`);
      svg.append(path);
    }
    drawing.append(svg);
  }

  // --- all files

  const COLUMNS = [
    { name: 'Size', of: (file) => file.size, first: 'descending', class: 'size' },
    { name: 'File', of: (file) => file.path, first: 'ascending' },
    { name: 'Package', of: owned, first: 'ascending' },
    { name: 'Reason', of: (file) => file.why, first: 'ascending' },
  ];
  let order = { column: COLUMNS[0], direction: 'descending' };
  let rows = MOST_ROWS;

  function sorted() {
    const { column, direction } = order;
    const sign = direction === 'ascending' ? 1 : -1;
    const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    return [...matching].sort((a, b) => sign * compare(column.of(a), column.of(b)) || compare(a.path, b.path));
  }

  for (const column of COLUMNS) {
    const head = make('th', { scope: 'col', class: column.class }, make('button', { type: 'button', onclick: () => {
      const isSame = order.column === column;
      order = { column, direction: !isSame ? column.first : order.direction === 'ascending' ? 'descending' : 'ascending' };
      drawRows();
    } }, column.name));
    column.head = head;
    $('columns').append(head);
  }

  function drawRows() {
    for (const column of COLUMNS) {
      if (column === order.column) column.head.setAttribute('aria-sort', order.direction);
      else column.head.removeAttribute('aria-sort');
    }
    const all = sorted();
    $('rows').replaceChildren(...all.slice(0, rows).map((file) => make('tr', { 'data-file': file.id, class: file === chosen ? 'chosen' : undefined },
      make('td', { class: 'size' }, bytes(file.size)),
      make('td', {},
        make('button', { class: 'link path', type: 'button', onclick: () => choose(file, true) }, file.path),
        make('div', { class: 'soft narrow' }, `${owned(file)}, ${file.why}`)),
      make('td', {}, owned(file)),
      make('td', {}, file.why))));
    $('more').hidden = all.length <= rows;
    $('more').textContent = `Show ${Math.min(MOST_ROWS, all.length - rows)} more of ${all.length}`;
  }

  $('more').addEventListener('click', () => {
    const before = rows;
    rows += MOST_ROWS;
    drawRows();
    document.querySelectorAll('#rows .link')[before]?.focus();
  });
  $('rows').addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const links = [...document.querySelectorAll('#rows .link')];
    const at = links.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    (links[at + step] ?? (step < 0 ? $('search') : links[at])).focus();
  });

  let width = 0;
  new ResizeObserver(() => {
    if (innerWidth === width) return;
    width = innerWidth;
    drawMap();
    for (const one of document.querySelectorAll('.graph')) connect(one);
  }).observe(document.body);
  drawMap();
  drawOne();
  drawRows();
})();

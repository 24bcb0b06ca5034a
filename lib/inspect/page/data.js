// @ts-check
/**
 * The files of the layer and their relations, and functions that all parts of the page share. Text from the layer is added as
 * text, never as HTML. The scripts of this folder are joined to one in the order that html.ts gives.
 */

/** @typedef {{ name: string, version: string }} Package */

/**
 * A file as the page gets it: path, kind, size, size in the zip, index of its package or -1, reason, index of the file that led
 * to it or -1, indexes of the files that it needs, size in /tmp or 0.
 *
 * @typedef {[string, string, number, number, number, string, number, number[], number]} FileRow
 */

/**
 * @typedef {object} Layer
 * @property {string} zip
 * @property {string} key
 * @property {string} machine
 * @property {string} [distribution]
 * @property {{ name: string, file: number }[]} programs
 * @property {Package[]} packages
 * @property {number} size
 * @property {number} mostBytes
 * @property {number} zipSize
 * @property {FileRow[]} files
 */

/**
 * @typedef {object} LayerFile
 * @property {number} id its index
 * @property {string} path
 * @property {string} kind
 * @property {number} size in bytes
 * @property {number} packed in bytes
 * @property {number} unpacked in bytes, of a compressed file; 0 for others
 * @property {string} why
 * @property {number[]} needs
 * @property {number} through the file that led to it, or -1
 * @property {string} name
 * @property {string} label its name, with as many directories as distinguish it from files of the same name
 * @property {string} directory
 * @property {Package | undefined} owner
 * @property {number[]} neededBy
 * @property {number[]} brought the files that it led to
 * @property {string} text what the search looks at
 */

/**
 * An element of page.html.
 *
 * @param {string} id
 */
const $ = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {Layer} */
const layer = JSON.parse($('data').textContent ?? '');
/** @type {LayerFile[]} */
const files = layer.files.map(([path, kind, size, packed, owner, why, through, needs, unpacked], id) => {
  const pack = owner < 0 ? undefined : layer.packages[owner];
  return {
    id,
    path,
    kind,
    size,
    packed,
    unpacked,
    why,
    needs,
    through,
    name: path.slice(path.lastIndexOf('/') + 1),
    label: '',
    directory: path.slice(0, path.lastIndexOf('/')) || '/',
    owner: pack,
    neededBy: [],
    brought: [],
    text: `${path} ${pack ? pack.name : ''} ${why}`.toLowerCase(),
  };
});
for (const file of files) {
  for (const need of file.needs) files[need].neededBy.push(file.id);
  if (file.through >= 0) files[file.through].brought.push(file.id);
}
for (const [label, file] of labels()) file.label = label;
const programs = layer.programs.map(({ file }) => file);
const KINDS = { program: 'Programs', library: 'Libraries', data: 'Data' };
const isPhone = () => innerWidth <= 620;
/** Rows that are drawn at once. */
const pageOfRows = () => (isPhone() ? 20 : 200);
/** Neighbours that are shown until the rest is requested. */
const mostNeighbours = () => (isPhone() ? 4 : 8);

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | (() => void) | undefined>} attributes
 * @param {(Node | string | undefined)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener('click', value);
    else if (value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children) if (child !== undefined) element.append(child);
  return element;
}

/**
 * The shortest end of each path that no other path has. Directories are added to all files of one name together, so their labels
 * have the same form.
 *
 * @returns {Map<string, LayerFile>}
 */
function labels() {
  /** @type {Map<string, LayerFile>} */
  const found = new Map();
  /** @type {{ some: LayerFile[], parts: number }[]} */
  const pending = [{ some: files, parts: 1 }];
  for (let group = pending.pop(); group; group = pending.pop()) {
    const { some, parts } = group;
    /** @type {Map<string, LayerFile[]>} */
    const byEnd = new Map();
    for (const file of some) {
      const end = file.path.split('/').slice(-parts).join('/');
      const same = byEnd.get(end);
      if (same) same.push(file);
      else byEnd.set(end, [file]);
    }
    for (const [end, same] of byEnd) {
      if (same.length === 1) found.set(end, same[0]);
      else pending.push({ some: same, parts: parts + 1 });
    }
  }
  return found;
}

/** @param {number} count */
function bytes(count) {
  return count < 1e3 ? `${count} B` : count < 1e5 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

/** @param {LayerFile[]} some */
const sum = (some) => some.reduce((total, { size }) => total + size, 0);
/**
 * @param {number} count
 * @param {string} noun
 */
const plural = (count, noun) => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
/** @param {LayerFile} file */
const owned = (file) => (file.owner ? `${file.owner.name} ${file.owner.version}` : 'no package');

/**
 * The files that led to one, the requested program first.
 *
 * @param {LayerFile} file
 */
function chain(file) {
  /** @type {Set<LayerFile>} */
  const found = new Set();
  for (let at = /** @type {LayerFile | undefined} */ (file); at && !found.has(at); at = files[at.through]) found.add(at);
  return [...found].reverse();
}

/** The first two files of each chain. In one pass, because a chain may be as long as the table. */
function beginnings() {
  /** @type {Map<LayerFile, LayerFile[]>} */
  const found = new Map();
  for (const file of files) {
    /** @type {Set<LayerFile>} */
    const way = new Set();
    for (let at = /** @type {LayerFile | undefined} */ (file); at && !found.has(at) && !way.has(at); at = files[at.through]) way.add(at);
    for (const one of [...way].reverse()) {
      const [first, second = one] = found.get(files[one.through]) ?? [];
      found.set(one, first ? [first, second] : [one]);
    }
  }
  return found;
}

/**
 * The files that would be gone without one, itself included: nothing else needs them or led to them.
 *
 * @param {LayerFile} file
 */
function alone(file) {
  /** @type {Set<LayerFile>} */
  const kept = new Set();
  const pending = files.filter((one) => one.through < 0 && one !== file);
  for (let one = pending.pop(); one; one = pending.pop()) {
    if (kept.has(one) || one === file) continue;
    kept.add(one);
    for (const next of [...one.needs, ...one.brought]) pending.push(files[next]);
  }
  return files.filter((one) => !kept.has(one));
}

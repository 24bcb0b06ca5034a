// @ts-check
/**
 * The head of the page, the chosen file, and the search.
 */

$('title').textContent = layer.programs.map(({ name }) => name).join(', ');
$('about').textContent = [
  layer.zip, layer.machine, layer.distribution, plural(files.length, 'file'), plural(layer.packages.length, 'package'),
  `/opt/elf/${layer.key}`,
].filter(Boolean).join(' · ');

/**
 * @param {string} title
 * @param {string} strong
 * @param {(Node | string)[]} more
 */
const addLimit = (title, strong, ...more) => {
  $('limits').append(make('div', {}, make('dt', {}, title), make('dd', {}, make('strong', {}, strong), ...more)));
};
const { size, mostBytes, zipSize } = layer;
const share = Math.round((layer.size / layer.mostBytes) * 100) || '< 1';
const fill = make('span');
fill.style.width = `${Math.min(100, (size / mostBytes) * 100)}%`;
addLimit('Unpacked', `${(size / 1e6).toFixed(1)} of ${(mostBytes / 1e6).toFixed(1)} MB`, ` ${share} %`,
  make('div', { class: size > 0.9 * mostBytes ? 'meter full' : 'meter' }, fill),
  make('span', { class: 'soft' }, 'quota of a function with all its layers'));
addLimit('Zipped', bytes(zipSize), ` ${Math.round((zipSize / size) * 100)} % of the unpacked size`);

let chosen = files[programs[0]];
/** @type {string[]} */
let words = [];
let matching = files;
/** @param {LayerFile} file */
const matches = (file) => words.every((word) => file.text.includes(word));

/**
 * @param {LayerFile} file
 * @param {boolean} focus whether to move the focus to its title
 */
function choose(file, focus = false) {
  chosen = file;
  drawOne();
  for (const element of document.querySelectorAll('.chosen')) element.classList.remove('chosen');
  for (const element of document.querySelectorAll(`[data-file="${file.id}"]`)) element.classList.add('chosen');
  if (focus) $('one-title').focus();
  if (focus && innerWidth <= 1000) $('one').scrollIntoView({ block: 'start' });
}

const searchBox = /** @type {HTMLInputElement} */ ($('search'));
const matchCount = /** @type {HTMLOutputElement} */ ($('matches'));

function search() {
  words = searchBox.value.toLowerCase().split(/\s+/).filter(Boolean);
  matching = words.length === 0 ? files : files.filter(matches);
  matchCount.value = words.length === 0 ? '' : `${matching.length} of ${plural(files.length, 'file')}, ${bytes(sum(matching))}`;
  const found = new Set(matching);
  for (const tile of tiles()) tile.classList.toggle('out', !found.has(files[Number(tile.dataset.file)]));
  rows = pageOfRows();
  drawRows();
}

searchBox.addEventListener('input', search);
searchBox.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && matching.length > 0) choose(sorted()[0], true);
  if (event.key === 'ArrowDown') rowLinks()[0]?.focus();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target === searchBox) return;
  event.preventDefault();
  searchBox.focus();
  searchBox.select();
});

/**
 * A plot of points with logarithmic axes, as SVG.
 */

export interface Point {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

export interface Axis {
  readonly title: string;
  readonly ticks: readonly number[];
}

const [WIDTH, HEIGHT] = [760, 460];
const MARGIN = { left: 60, right: 24, top: 24, bottom: 48 };
const STYLE =
  'text{font:11px sans-serif;fill:#444}.grid{stroke:#ddd}.point{fill:#0f6bb3}' +
  '@media(prefers-color-scheme:dark){text{fill:#ccc}.grid{stroke:#444}}';

export function scatterPlot(points: readonly Point[], x: Axis, y: Axis): string {
  const [right, bottom] = [WIDTH - MARGIN.right, HEIGHT - MARGIN.bottom];
  const at = ({ ticks }: Axis, value: number, from: number, to: number) => {
    const [first, last] = [Math.log10(ticks[0]), Math.log10(ticks.at(-1)!)];
    return (from + (to - from) * (Math.log10(Math.max(value, ticks[0])) - first) / (last - first)).toFixed(1);
  };
  const atX = (value: number) => at(x, value, MARGIN.left, right);
  const atY = (value: number) => at(y, value, bottom, MARGIN.top);
  const lines = [
    ...x.ticks.flatMap((tick) => [
      `<line class="grid" x1="${atX(tick)}" y1="${MARGIN.top}" x2="${atX(tick)}" y2="${bottom}"/>`,
      `<text x="${atX(tick)}" y="${bottom + 16}" text-anchor="middle">${tick}</text>`,
    ]),
    ...y.ticks.flatMap((tick) => [
      `<line class="grid" x1="${MARGIN.left}" y1="${atY(tick)}" x2="${right}" y2="${atY(tick)}"/>`,
      `<text x="${MARGIN.left - 6}" y="${Number(atY(tick)) + 4}" text-anchor="end">${tick}</text>`,
    ]),
    `<text x="${(MARGIN.left + right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(x.title)}</text>`,
    `<text x="14" y="${(MARGIN.top + bottom) / 2}" text-anchor="middle" transform="rotate(-90 14 ` +
      `${(MARGIN.top + bottom) / 2})">${escaped(y.title)}</text>`,
    ...points.flatMap((point) => [
      `<circle class="point" cx="${atX(point.x)}" cy="${atY(point.y)}" r="3.5"/>`,
      `<text x="${Number(atX(point.x)) + 6}" y="${Number(atY(point.y)) - 4}">${escaped(point.name)}</text>`,
    ]),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(`${y.title} by ${x.title}`)}">`,
    `<style>${STYLE}</style>`,
    ...lines,
    '</svg>\n',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

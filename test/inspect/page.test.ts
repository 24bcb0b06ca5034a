/// <reference lib="dom" />
import * as fs from 'fs';
import * as path from 'path';
import { pathToFileURL } from 'url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { world } from './world';
import { readContents } from '../../lib/inspect/contents';
import { htmlOf } from '../../lib/inspect/html';
import { temporaryDirectory } from '../fixture';
import { makeZip } from '../plan/make';

/** The directory of screenshots, for a look at the page. */
const ARTIFACTS = path.join(__dirname, '../../test-reports');

const OPTIONS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser: Browser;
let html: string;
let file: string;
beforeAll(async () => {
  html = htmlOf(readContents((await makeZip(world(), 'rig', { detectData: true, rename: { rig: '<!--<script>rig' } })).zip));
  file = path.join(temporaryDirectory(), 'report.html');
  fs.writeFileSync(file, html);
  fs.mkdirSync(ARTIFACTS, { recursive: true });
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium-headless-shell', args: OPTIONS });
});
afterAll(() => browser.close());

interface Seen {
  readonly page: Page;
  /** messages of the console, and other errors */
  readonly complaints: string[];
  /** addresses that the page requests, without its own */
  readonly requests: string[];
}

async function open(width: number, colorScheme: 'light' | 'dark' = 'light', at = file): Promise<Seen> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const seen: Seen = { page, complaints: [], requests: [] };
  page.on('console', (message) => seen.complaints.push(message.text()));
  page.on('pageerror', (error) => seen.complaints.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== pathToFileURL(at).href && !request.url().startsWith('data:')) seen.requests.push(request.url());
  });
  await page.goto(pathToFileURL(at).href);
  return seen;
}

const chosen = (page: Page) => page.locator('#one-title').innerText();
const focused = (page: Page) => page.evaluate(() => document.activeElement!.textContent);

describe.each([400, 1600])('the page at a width of %d', (width) => {
  test.each(['light', 'dark'] as const)(
    'in %s has no errors, no requests and no horizontal scroll bar',
    async (scheme) => {
      const { page, complaints, requests } = await open(width, scheme);
      await page.screenshot({ path: path.join(ARTIFACTS, `report-${width}-${scheme}.png`), fullPage: width === 400 });
      expect(await page.locator('.tile').count()).toBeGreaterThan(3);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g)!.map(Number)[0]);
      expect(ground > 128).toBe(scheme === 'light');
      expect([complaints, requests]).toEqual([[], []]);
      await page.close();
    },
  );

  test('finds files by name, package and reason', async () => {
    const { page, complaints } = await open(width);
    const found = async (words: string) => {
      await page.fill('#search', words);
      return page.locator('#rows .link').allInnerTexts();
    };
    expect(await found('libx.so')).toEqual([expect.stringContaining('/libx.so.1.2'), expect.stringContaining('/liby.so.2')]);
    expect(await found('liby2 licence')).toEqual(['/usr/share/doc/liby2/copyright']);
    expect(await page.locator('#matches').innerText()).toMatch(/^1 of \d+ files, \d+ B$/);
    expect(await page.locator('.tile:not(.out)').count()).toBeLessThanOrEqual(1);
    expect(await found('no such thing')).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });
});

test('the page can be used with the keyboard: search, selection, chain, treemap and table', async () => {
  const { page, complaints } = await open(1600);
  await page.keyboard.press('/');
  await page.keyboard.type('liby.so.2');
  await page.keyboard.press('Enter');
  expect(await chosen(page)).toBe('liby.so.2');
  expect(await page.locator('.chain li').allInnerTexts()).toEqual([
    expect.stringMatching(/^rig\s+requested$/),
    expect.stringMatching(/^libx\.so\.1\.2\s+needed by rig$/),
    expect.stringMatching(/^liby\.so\.2\s+needed by libx\.so\.1$/),
  ]);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  expect(await focused(page)).toBe('libx.so.1.2');
  await page.keyboard.press('Enter');
  expect(await chosen(page)).toBe('libx.so.1.2');
  await page.fill('#search', '');
  await page.locator('.tile[tabindex="0"]').focus();
  const start = await page.evaluate(() => document.activeElement!.getAttribute('aria-label'));
  expect(start).toMatch(/^libx\.so\.1\.2, 5\d\.\d kB, libx1 2:1\.2~rc1-3, needed by rig$/);
  await page.keyboard.press('ArrowRight');
  const next = await page.evaluate(() => document.activeElement!.getAttribute('aria-label'));
  expect(next).not.toBe(start);
  await page.keyboard.press('Enter');
  expect(next).toContain(await chosen(page));
  await page.focus('#search');
  await page.keyboard.press('ArrowDown');
  const first = await focused(page);
  await page.keyboard.press('ArrowDown');
  expect(await focused(page)).not.toBe(first);
  expect(complaints).toEqual([]);
  await page.close();
});

test('the graph shows the files that need a file, and the files that it needs', async () => {
  const { page } = await open(1600);
  await page.locator('.graph[data-side=needs] li .node', { hasText: 'libx.so.1.2' }).click();
  expect(await page.locator('.graph[data-side=neededBy] li .node').allInnerTexts()).toEqual([expect.stringContaining('rig')]);
  await page.locator('.graph[data-side=needs] li .node', { hasText: 'liby.so.2' }).click();
  expect(await chosen(page)).toBe('liby.so.2');
  expect(await page.locator('.graph path').count()).toBe(1);
  await page.close();
});

test('files with the same name are shown with the directories that distinguish them', async () => {
  const { page } = await open(1600);
  await page.fill('#search', 'liby2');
  await page.keyboard.press('Enter');
  const tiles = await page.locator('.tile').evaluateAll((all) => all.map((tile) => tile.getAttribute('aria-label')!.split(',')[0]));
  expect(tiles).toEqual(expect.arrayContaining(['rig', 'rig/copyright', 'liby2/copyright']));
  expect(new Set(tiles).size).toBe(tiles.length);
  await page.close();
});

test('on a phone, the page of a large layer has a few screens, and shows more on demand', async () => {
  const contents = readContents((await makeZip(world(), 'rig')).zip);
  const [first] = contents.files;
  const many = Array.from({ length: 300 }, (_, index) => ({
    ...first,
    path: `/d/${index}`,
    through: contents.programs[0].path,
    needs: [],
  }));
  const report = path.join(temporaryDirectory(), 'many.html');
  fs.writeFileSync(report, htmlOf({ ...contents, files: [...contents.files, ...many] }));
  const { page } = await open(400, 'light', report);
  expect(await page.locator('#rows tr').count()).toBe(20);
  expect(await page.locator('.graph li .node').count()).toBeLessThanOrEqual(3 * 5);
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThan(4000);
  await page.click('#more');
  expect(await page.locator('#rows tr').count()).toBe(40);
  await page.close();
});

test('a chain as long as the table is grouped by its first step in linear time', async () => {
  const contents = readContents((await makeZip(world(), 'rig')).zip);
  const [first, ...rest] = [...contents.files].sort(({ path: one }) => (one === '/usr/bin/rig' ? -1 : 1));
  const chain = Array.from({ length: 8000 }, (_, index) => ({
    ...first,
    path: `/d/${index}`,
    through: index === 0 ? first.path : `/d/${index - 1}`,
    needs: [],
  }));
  const long = path.join(temporaryDirectory(), 'long.html');
  fs.writeFileSync(long, htmlOf({ ...contents, files: [first, ...rest, ...chain] }));
  const { page, complaints } = await open(1600, 'light', long);
  await page.locator('input[value="First step"]').check();
  expect(await page.locator('.group').allInnerTexts()).toContainEqual(expect.stringMatching(/^rig → 0 /));
  expect(complaints).toEqual([]);
  await page.close();
});

test('text from the layer is never part of the markup, and nothing may be loaded', async () => {
  expect(html).toContain("default-src 'none'");
  expect(html).not.toMatch(/(?:src|href)="(?!data:)/);
  const { page, complaints } = await open(1600);
  expect(await page.title()).toBe('<!--<script>rig: contents of the layer');
  expect(await page.locator('h1').innerText()).toBe('<!--<script>rig');
  await expect(page.evaluate(() => fetch('https://192.0.2.1/'))).rejects.toThrow();
  expect(complaints.join()).toContain('Content Security Policy');
  await page.close();
});

test('the page contains the licence of its library', () => {
  expect(html).toMatch(/d3js\.org\/d3-hierarchy\/ v\S+ Copyright/);
});
